import type { ChromaCollection } from './chroma-client.ts'
import { KNOWN_COLLECTIONS_MAX } from './limits.ts'
import { PageSize } from './page-size.ts'

/**
 * Remembers what never changes as long as a collection exists: the object that acts by its id, and
 * the length of its vectors once there are some; and how large its records were when they were read
 * last. What is dropped answers "not found", so remembering too long does no harm; the oldest entries
 * go when there are too many.
 */
export class KnownCollections {
  readonly #handles = new Map<string, ChromaCollection>()
  readonly #dimensions = new Map<string, number>()
  readonly #pageSizes = new Map<string, PageSize>()

  handle(id: string): ChromaCollection | undefined {
    return this.#handles.get(id)
  }

  dimension(id: string): number | undefined {
    return this.#dimensions.get(id)
  }

  pageSize(id: string): PageSize {
    const size = this.#pageSizes.get(id) ?? new PageSize()
    put(this.#pageSizes, id, size)
    return size
  }

  keep(collection: ChromaCollection): void {
    put(this.#handles, collection.id, collection)
  }

  keepDimension(id: string, dimension: number): void {
    put(this.#dimensions, id, dimension)
  }

  forget(id: string): void {
    this.#handles.delete(id)
    this.#dimensions.delete(id)
    this.#pageSizes.delete(id)
  }
}

function put<Value>(map: Map<string, Value>, id: string, value: Value): void {
  map.delete(id)
  map.set(id, value)
  if (map.size <= KNOWN_COLLECTIONS_MAX) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
