import {
  type CallOptions,
  type CollectionInfo,
  type CollectionRef,
  HoldfastError,
  isHoldfastError,
} from '@holdfast/core'
import type { ChromaClientLike, ChromaCollection } from './chroma-client.ts'
import { toInfo } from './collection-spec.ts'
import { KnownCollections } from './known-collections.ts'
import { COLLECTION_PAGE_MAX, DIMENSION_PROBES_MAX } from './limits.ts'
import type { PageSize } from './page-size.ts'
import { isNotFound, storeError } from './store-error.ts'

/** The part of a client that finds collections. */
export type FindingClient = Pick<
  ChromaClientLike,
  'getCollection' | 'getCollectionById' | 'listCollections'
>

/**
 * Finds collections, by their identity where it is given. Chroma acts by id on everything but the
 * drop, and the collection objects of the client hold nothing but that id and a description.
 */
export class Collections {
  readonly #client: FindingClient
  readonly #known = new KnownCollections()
  /** Whether this server was seen to find a collection by id: then "not found" is to be believed. */
  #findsById = false

  constructor(client: FindingClient) {
    this.#client = client
  }

  /** The collection as it is now. With an id, that very one, whatever its name. */
  async find(
    ref: CollectionRef,
    { signal }: CallOptions = {},
  ): Promise<ChromaCollection | undefined> {
    signal?.throwIfAborted()
    const found = ref.id === undefined ? await this.#byName(ref.name) : await this.#byId(ref.id)
    if (found !== undefined) this.#known.keep(found)
    return found
  }

  /**
   * Something to act on the records of a collection with. Its description may be out of date.
   * @throws COLLECTION_NOT_FOUND
   */
  async open(ref: CollectionRef, options: CallOptions = {}): Promise<ChromaCollection> {
    const known = ref.id === undefined ? undefined : this.#known.handle(ref.id)
    const found = known ?? (await this.find(ref, options))
    if (found !== undefined) return found
    throw new HoldfastError(
      'COLLECTION_NOT_FOUND',
      `Chroma has no collection "${ref.name}"${ref.id === undefined ? '' : ` (${ref.id})`}. ` +
        'Look at its name, or create it first.',
      { outcome: 'unchanged', retryable: false, details: { collection: ref.name } },
    )
  }

  async *list({ signal }: CallOptions = {}): AsyncGenerator<ChromaCollection> {
    // Pages are counted by position, so a drop meanwhile can bring a collection twice.
    const seen = new Set<string>()
    for (let offset = 0; ; offset += COLLECTION_PAGE_MAX) {
      signal?.throwIfAborted()
      const page = await this.#page(offset)
      for (const collection of page) {
        if (seen.has(collection.id)) continue
        seen.add(collection.id)
        this.#known.keep(collection)
        yield collection
      }
      if (page.length < COLLECTION_PAGE_MAX) return
    }
  }

  async describe(collection: ChromaCollection): Promise<CollectionInfo> {
    return toInfo(collection, await this.#dimension(collection))
  }

  async *describeAll(options: CallOptions = {}): AsyncGenerator<CollectionInfo> {
    let group: ChromaCollection[] = []
    for await (const collection of this.list(options)) {
      group.push(collection)
      if (group.length < DIMENSION_PROBES_MAX) continue
      yield* await this.#describeGroup(group)
      group = []
    }
    yield* await this.#describeGroup(group)
  }

  pageSize(id: string): PageSize {
    return this.#known.pageSize(id)
  }

  forget(id: string): void {
    this.#known.forget(id)
  }

  async #byName(name: string): Promise<ChromaCollection | undefined> {
    return this.#certain('getCollection', name, () => this.#client.getCollection({ name }))
  }

  /**
   * The client takes every 404 for "not found", also that of a proxy whose server is away, and
   * whoever is told that a collection is gone takes its drop for done. So the server has to answer
   * another question properly before it is asked once more, and believed.
   */
  async #certain(
    method: string,
    collection: string,
    look: () => Promise<ChromaCollection>,
  ): Promise<ChromaCollection | undefined> {
    for (let isSecond = false; ; isSecond = true) {
      try {
        return await look()
      } catch (error) {
        if (!isNotFound(error)) throw storeError({ method, kind: 'read', collection }, error)
        if (isSecond) return undefined
        await this.#page(0, 1)
      }
    }
  }

  async #byId(id: string): Promise<ChromaCollection | undefined> {
    if (this.#client.getCollectionById !== undefined) {
      try {
        const found = await this.#client.getCollectionById(id)
        this.#findsById = true
        return found
      } catch (error) {
        if (!isNotFound(error)) {
          throw storeError({ method: 'getCollectionById', kind: 'read', collection: id }, error)
        }
        if (this.#findsById) {
          const again = this.#client.getCollectionById
          return this.#certain('getCollectionById', id, () => again.call(this.#client, id))
        }
      }
    }
    // A server that doesn't know the route says "not found" as well. Only the list is certain, and
    // whoever is told that a collection is gone takes its drop for done.
    for await (const collection of this.list()) if (collection.id === id) return collection
    return undefined
  }

  async #page(offset: number, limit = COLLECTION_PAGE_MAX): Promise<readonly ChromaCollection[]> {
    try {
      return await this.#client.listCollections({ limit, offset })
    } catch (error) {
      if (isNotFound(error)) throw notChroma(error)
      throw storeError({ method: 'listCollections', kind: 'read' }, error)
    }
  }

  /** Without those that were dropped meanwhile. */
  async #describeGroup(group: readonly ChromaCollection[]): Promise<CollectionInfo[]> {
    const described = await Promise.all(
      group.map(async (collection) => {
        try {
          return await this.describe(collection)
        } catch (error) {
          if (isHoldfastError(error) && error.code === 'COLLECTION_NOT_FOUND') return undefined
          throw error
        }
      }),
    )
    return described.filter((info) => info !== undefined)
  }

  async #dimension(collection: ChromaCollection): Promise<number | undefined> {
    const known = this.#known.dimension(collection.id)
    if (known !== undefined) return known
    const call = { method: 'query', kind: 'read', collection: collection.name } as const
    try {
      const dimension = (await refusedDimension(collection)) ?? (await firstDimension(collection))
      if (dimension !== undefined) this.#known.keepDimension(collection.id, dimension)
      return dimension
    } catch (error) {
      throw storeError(call, error)
    }
  }
}

/**
 * The client keeps the dimension to itself, but the server tells it when a query has another one,
 * before it loads anything: 2 to 3 ms, where reading a vector can mean to load a large index.
 */
async function refusedDimension(collection: ChromaCollection): Promise<number | undefined> {
  try {
    await collection.query({ queryEmbeddings: [[0]], nResults: 1, include: ['distances'] })
    return undefined
  } catch (error) {
    const said = /(?:with dimension of|collection dimensionality) (\d+)/.exec(String(error))
    if (said !== null) return Number(said[1])
    if (storeError({ method: 'query', kind: 'read' }, error).code === 'STORE_REJECTED') return
    throw error
  }
}

/** Only for collections that are empty or whose vectors have one component. */
async function firstDimension(collection: ChromaCollection): Promise<number | undefined> {
  const { embeddings } = await collection.get({ limit: 1, include: ['embeddings'] })
  return embeddings[0]?.length
}

/** Chroma always has a list of collections. */
function notChroma(cause: unknown): HoldfastError {
  return new HoldfastError(
    'STORE_UNAVAILABLE',
    'Something answers "not found" in the place of Chroma, even for the list of collections: a ' +
      'proxy whose server is away, or another tenant or database. Check the address, and try again.',
    { outcome: 'unchanged', retryable: true, cause },
  )
}
