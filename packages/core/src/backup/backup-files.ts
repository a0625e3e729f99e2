import { BACKUP_ID_LENGTH_MAX } from '../model/limits.ts'

/** Names of the files of a backup: `<id>.json` and `<id>.records.<generation>`. */

const ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/
const MANIFEST = /^(.+)\.json$/
const RECORDS = /^(.+)\.records\.[0-9a-f]{16}$/
/** What `writeFileAtomically` leaves behind when its process dies. */
const TEMPORARY = /^\.(.+)\.json\.holdfast-tmp-[0-9a-f]+$/

/** Bytes of chance in the name of a file with records, so that no two writers meet in one. */
export const GENERATION_BYTES = 8

/** Without a dot in front, so that no id leads out of the directory or to a hidden file. */
export function checkBackupId(id: string): void {
  if (isBackupId(id)) return
  throw new TypeError(
    `The id of a backup is made of 1 to ${BACKUP_ID_LENGTH_MAX} letters, digits, ".", "_" and "-", ` +
      'and does not begin with a dot.',
  )
}

export function manifestFileOf(id: string): string {
  return `${id}.json`
}

export function recordsFileOf(id: string, generation: Uint8Array): string {
  return `${id}.records.${Buffer.from(generation).toString('hex')}`
}

/** The backup that a manifest file is about; `undefined` for all other files. */
export function idOfManifestFile(name: string): string | undefined {
  return idIn(MANIFEST, name)
}

/** The backup that a file with records or an unfinished manifest was written for. */
export function idOfLeftOver(name: string): string | undefined {
  return idIn(RECORDS, name) ?? idIn(TEMPORARY, name)
}

function idIn(pattern: RegExp, name: string): string | undefined {
  const id = pattern.exec(name)?.[1]
  return id !== undefined && isBackupId(id) ? id : undefined
}

function isBackupId(id: unknown): boolean {
  return typeof id === 'string' && id.length <= BACKUP_ID_LENGTH_MAX && ID.test(id)
}
