import { type CollectionInfo, type CollectionSpec, refOf } from '../model/collection.ts'
import { isHoldfastError } from '../model/errors.ts'
import { fitsSpec } from './fits-spec.ts'
import { nameTaken } from './name-taken.ts'
import { probeCollection } from './probe-collection.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * One attempt to create a collection whose name was free a moment ago. Creating is exclusive, so a
 * plain repetition would take its own success for a stranger's: once an earlier attempt is
 * `uncertain`, it looks before it creates.
 *
 * A collection that is there, empty, and as it was asked for is taken for ours. Should a stranger
 * have made it in the same moment, nothing is lost by that: it holds no record, and whoever asked
 * gets what was asked for. Leases keep those who use Holdfast from creating one name at once; who
 * must be certain of strangers as well puts a unique mark into the metadata, which has to be equal.
 */
export async function createOnce(
  parts: StoreParts,
  spec: CollectionSpec,
  uncertain: boolean,
): Promise<CollectionInfo> {
  const { adapter, calls } = parts
  if (uncertain) {
    const found = await adopt(parts, spec)
    if (found !== undefined) return found
  }
  try {
    return await calls.once('createCollection', 'effect', (signal) =>
      adapter.createCollection(spec, { signal }),
    )
  } catch (error) {
    // The earlier attempt may have landed after we looked.
    const late = uncertain && isHoldfastError(error) && error.code === 'COLLECTION_EXISTS'
    const found = late ? await adopt(parts, spec) : undefined
    if (found === undefined) throw error
    return found
  }
}

async function adopt(parts: StoreParts, spec: CollectionSpec): Promise<CollectionInfo | undefined> {
  const found = await probeCollection(parts, { name: spec.name })
  if (found === undefined) return undefined
  if (fitsSpec(found, spec) && (await isEmpty(parts, found))) return found
  throw nameTaken(spec.name)
}

async function isEmpty({ adapter, calls }: StoreParts, found: CollectionInfo): Promise<boolean> {
  const count =
    found.count ??
    (await calls.once('countRecords', 'probe', (signal) =>
      adapter.countRecords(refOf(found), { signal }),
    ))
  return count === 0
}
