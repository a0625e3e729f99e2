import { createHash } from 'node:crypto'
import { canonicalJson } from '../model/canonical-json.ts'
import { HoldfastError } from '../model/errors.ts'
import type { JsonValue } from '../model/record.ts'
import { backupDamaged } from './backup-damaged.ts'
import type { BackupInfo } from './backup-repository.ts'

const FORMAT_VERSION = 1

/** What the manifest file of a backup says. */
export interface ManifestFile {
  readonly info: BackupInfo
  /** Name of the file with the records, beside this one. */
  readonly recordsFile: string
}

/** JSON with a checksum, so that no damage is taken for another backup. */
export function encodeManifestFile({ info, recordsFile }: ManifestFile): Uint8Array {
  const backup = canonicalJson({ format: FORMAT_VERSION, recordsFile, ...(info as object) })
  return new TextEncoder().encode(`{"checksum":"${sha256(backup)}","backup":${backup}}\n`)
}

/** @throws BACKUP_DAMAGED, JOURNAL_VERSION_NEWER */
export function decodeManifestFile(path: string, bytes: Uint8Array): ManifestFile {
  const { checksum, backup } = parse(path, bytes)
  if (backup === undefined || checksum !== sha256(canonicalJson(backup))) {
    throw backupDamaged(path, 'its checksum is wrong')
  }
  const { format, recordsFile, ...info } = backup as unknown as Content
  if (format > FORMAT_VERSION) {
    throw new HoldfastError(
      'JOURNAL_VERSION_NEWER',
      `The backup file ${path} was written by a later version of this program. Use that version or ` +
        'a newer one; nothing was changed.',
      { outcome: 'unchanged', retryable: false, details: { path, format } },
    )
  }
  return { info, recordsFile }
}

type Content = BackupInfo & { readonly format: number; readonly recordsFile: string }

function parse(
  path: string,
  bytes: Uint8Array,
): { readonly checksum?: unknown; readonly backup?: JsonValue } {
  try {
    return Object(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (cause) {
    throw backupDamaged(path, 'it is no JSON', cause)
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
