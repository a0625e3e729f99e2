import type { CollectionRef } from '../model/collection.ts'
import { type ErrorCode, HoldfastError, isHoldfastError } from '../model/errors.ts'
import type { Metadata } from '../model/record.ts'
import { quoteId } from './check-ids.ts'
import { nameTaken } from './name-taken.ts'
import { probeCollection } from './probe-collection.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * One attempt of a native rename. By id, repeating it is harmless. Where the store knows names only,
 * the old name is gone once an earlier attempt has landed: while that `mayHaveLanded`, it looks
 * before it repeats, and again when the store refuses. Give `mayHaveLanded` only where the old name
 * was seen to be there and the new one to be free; else a stranger's collection would be taken for
 * the renamed one.
 */
export async function renameOnce(
  parts: StoreParts,
  change: { readonly from: CollectionRef; readonly to: string; readonly metadata?: Metadata },
  mayHaveLanded: boolean,
): Promise<void> {
  const { adapter, calls } = parts
  if (mayHaveLanded && (await hasLanded(parts, change.from, change.to))) return
  try {
    await calls.once('renameCollection', 'effect', async (signal) =>
      adapter.renameCollection?.(change, { signal }),
    )
  } catch (error) {
    const maybeLate = mayHaveLanded && isHoldfastError(error) && NAME_REFUSALS.includes(error.code)
    if (!maybeLate || !(await hasLanded(parts, change.from, change.to))) throw error
  }
}

const NAME_REFUSALS: readonly ErrorCode[] = ['COLLECTION_NOT_FOUND', 'COLLECTION_EXISTS']

/** @throws COLLECTION_EXISTS when both names are there, COLLECTION_NOT_FOUND when none is */
async function hasLanded(parts: StoreParts, from: CollectionRef, to: string): Promise<boolean> {
  const source = await probeCollection(parts, from)
  const target = await probeCollection(parts, { name: to })
  if (source === undefined && target !== undefined) return true
  if (source !== undefined && target === undefined) return false
  if (source !== undefined) throw nameTaken(to)
  throw new HoldfastError(
    'COLLECTION_NOT_FOUND',
    `There is neither a collection ${quoteId(from.name)} nor one called ${quoteId(to)}. ` +
      'Somebody else has dropped or renamed it meanwhile.',
    { outcome: 'unchanged', retryable: false, details: { collection: from.name } },
  )
}
