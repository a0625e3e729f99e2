import { type CollectionFinder, isHoldfastError, resolveCollection } from '@holdfast/core'
import type { ChromaCollection } from './chroma-client.ts'
import { toInfo } from './collection-spec.ts'
import type { Collections } from './collections.ts'
import { CHROMA_NAMES } from './names.ts'

/**
 * The collection with that name or that display name, as every operation finds it; `undefined` when
 * there is none.
 * @throws COLLECTION_NAME_AMBIGUOUS, and what a store throws
 */
export async function findNamed(
  collections: Collections,
  name: string,
): Promise<ChromaCollection | undefined> {
  const finder: CollectionFinder = {
    traits: { names: CHROMA_NAMES },
    async getCollection(ref, options) {
      const found = await collections.find(ref, options)
      return found && toInfo(found, undefined)
    },
    async *listCollections(options) {
      for await (const collection of collections.list(options)) yield toInfo(collection, undefined)
    },
  }
  try {
    return await collections.find(await resolveCollection(finder, name, {}))
  } catch (error) {
    if (isHoldfastError(error) && MEANS_NONE.has(error.code)) return undefined
    throw error
  }
}

const MEANS_NONE: ReadonlySet<string> = new Set(['COLLECTION_NOT_FOUND', 'COLLECTION_NAME_INVALID'])
