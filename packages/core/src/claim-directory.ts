import { join } from 'node:path'
import { sweepTemporaries, writeFileAtomically } from './durable/atomic-write.ts'
import { directoryError, errorCode } from './durable/directory-error.ts'
import type { FileSystem } from './durable/file-system.ts'
import type { Random } from './durable/random.ts'
import type { Journal } from './journal/journal.ts'
import { HoldfastError } from './model/errors.ts'

/** Names the store that a directory belongs to. */
const CLAIM_FILE = 'holdfast.json'
const CLAIM_FORMAT = 1
/** Others that open it for the first time take milliseconds. */
const CLAIM_WAIT_MS = 10_000

/**
 * Makes the directory if need be and makes sure that it belongs to this store, or to none yet: a
 * journal recovered against another store would undo or finish things that never happened there.
 * Tells whether it belongs to this store.
 * @throws STORE_MISMATCH, DIRECTORY_UNUSABLE, JOURNAL_VERSION_NEWER, JOURNAL_DAMAGED
 */
export async function isClaimed(
  fs: FileSystem,
  directory: string,
  storeName: string,
): Promise<boolean> {
  return onDisk(directory, async () => {
    await fs.makeDirectory(directory)
    const path = join(directory, CLAIM_FILE)
    const claim = await readClaim(fs, path)
    if (claim !== undefined) checkClaim(path, claim, storeName)
    return claim !== undefined
  })
}

/**
 * Gives a directory that belongs to nobody to this store. Under a lease, so that what somebody has
 * left who died at it can be removed.
 * @throws as `isClaimed`, and COLLECTION_BUSY when another process keeps the directory to itself
 */
export async function claimDirectory(
  fs: FileSystem,
  random: Random,
  directory: string,
  storeName: string,
  journal: Journal,
): Promise<void> {
  const lease = await journal.acquire(['directory'], { waitMs: CLAIM_WAIT_MS })
  try {
    if (await isClaimed(fs, directory, storeName)) return
    await onDisk(directory, async () => {
      await sweepTemporaries(fs, directory)
      const text = `${JSON.stringify({ format: CLAIM_FORMAT, store: storeName })}\n`
      await writeFileAtomically(fs, join(directory, CLAIM_FILE), Buffer.from(text), random)
    })
  } finally {
    await lease[Symbol.asyncDispose]()
  }
}

async function onDisk<Result>(directory: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
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
