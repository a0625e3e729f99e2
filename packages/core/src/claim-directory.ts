import { join } from 'node:path'
import { writeFileAtomically } from './durable/atomic-write.ts'
import { directoryError, errorCode } from './durable/directory-error.ts'
import type { FileSystem } from './durable/file-system.ts'
import type { Random } from './durable/random.ts'
import { HoldfastError } from './model/errors.ts'

/** Names the store that a directory belongs to. */
const CLAIM_FILE = 'holdfast.json'
const CLAIM_FORMAT = 1

/**
 * Makes the directory if need be and makes sure that it belongs to this store: a journal recovered
 * against another store would undo or finish things that never happened there.
 * @throws STORE_MISMATCH, DIRECTORY_UNUSABLE, JOURNAL_VERSION_NEWER, JOURNAL_DAMAGED
 */
export async function claimDirectory(
  fs: FileSystem,
  random: Random,
  directory: string,
  storeName: string,
): Promise<void> {
  const path = join(directory, CLAIM_FILE)
  try {
    await fs.makeDirectory(directory)
    const claim = await readClaim(fs, path)
    if (claim === undefined) {
      const text = `${JSON.stringify({ format: CLAIM_FORMAT, store: storeName })}\n`
      return await writeFileAtomically(fs, path, Buffer.from(text), random)
    }
    checkClaim(path, claim, storeName)
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    const doing = `use ${directory} for the journal and the backups`
    throw directoryError({ path: directory, doing, cause, outcome: 'unchanged' })
  }
}

async function readClaim(fs: FileSystem, path: string): Promise<string | undefined> {
  try {
    return Buffer.from(await fs.readFile(path)).toString('utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function checkClaim(path: string, text: string, storeName: string): void {
  const claim = parse(text)
  if (typeof claim?.format !== 'number' || typeof claim.store !== 'string') {
    throw new HoldfastError(
      'JOURNAL_DAMAGED',
      `${path} can't be read. If this directory belongs to the store ${storeName}, remove that one ` +
        'file and open it again; the journal beside it is not touched by that.',
      { outcome: 'unchanged', retryable: false, details: { path } },
    )
  }
  if (claim.format > CLAIM_FORMAT) {
    throw new HoldfastError(
      'JOURNAL_VERSION_NEWER',
      `${path} was written by a newer version of Holdfast (format ${claim.format}; this one knows ` +
        `${CLAIM_FORMAT}). Open it with that version.`,
      { outcome: 'unchanged', retryable: false, details: { path, format: claim.format } },
    )
  }
  if (claim.store === storeName) return
  throw new HoldfastError(
    'STORE_MISMATCH',
    `${path} says that this directory belongs to the store "${claim.store}"; it was opened with ` +
      `"${storeName}". Give each store a directory of its own.`,
    { outcome: 'unchanged', retryable: false, details: { path, store: claim.store } },
  )
}

function parse(text: string): { readonly format?: unknown; readonly store?: unknown } | undefined {
  try {
    return JSON.parse(text) as { readonly format?: unknown; readonly store?: unknown }
  } catch {
    return undefined
  }
}
