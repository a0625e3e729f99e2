import {
  type CallOptions,
  type CollectionInfo,
  type CollectionRef,
  type CollectionSpec,
  type EngineVersion,
  HoldfastError,
  isHoldfastError,
  type Metadata,
  type ReadOptions,
  type SearchHit,
  type SearchOptions,
  type StoreTraits,
  type VectorRecord,
  type VectorStoreAdapter,
} from '@holdfast/core'
import { checkRecord } from './check-record.ts'
import type { ChromaClientLike, ChromaCollection } from './chroma-client.ts'
import {
  isOverruledByMetadata,
  metricOf,
  toCollectionMetadata,
  toCreation,
  toInfo,
} from './collection-spec.ts'
import { Collections } from './collections.ts'
import { BATCH_RECORDS_MAX, DIMENSION_MAX, RECORD_ID_BYTES_MAX } from './limits.ts'
import { CHROMA_NAMES } from './names.ts'
import { isProtected } from './protected.ts'
import { putRecords, REMOVE } from './put-records.ts'
import { getRecords, type ReadBounds, readIds, readRecords } from './read-records.ts'
import { recordProblem } from './record-problem.ts'
import { type ChromaCall, isNotFound, storeError } from './store-error.ts'
import type { Database } from './stream-get.ts'

export interface ChromaAdapterOptions {
  /**
   * A `ChromaClient` or `CloudClient` with its tenant and database. Stays yours. Give the plain
   * one, not what `protect` made of it.
   */
  readonly client: ChromaClientLike
}

const TRAITS: StoreTraits = Object.freeze({
  batchRecordsMax: BATCH_RECORDS_MAX,
  dimensionMax: DIMENSION_MAX,
  recordIdBytesMax: RECORD_ID_BYTES_MAX,
  metrics: ['euclidean', 'cosine', 'dot'],
  names: CHROMA_NAMES,
  visibilityLagMsMax: 0,
  vectorFidelity: 'normalized',
} satisfies StoreTraits)

/** Key of a metadata change that only removes; any would do. */
const NOTHING_KEY = 'holdfast'

/**
 * Chroma as a store, through the client that the host has. Collections are acted on by their id,
 * also when they are dropped, though Chroma itself drops by name only.
 *
 * What a server with one node does not promise: a drop holds up all other requests while it runs
 * (2 to 3.5 s for 50,000 records), and leaves files and rows behind.
 */
export class ChromaAdapter implements VectorStoreAdapter {
  readonly name: string
  readonly traits: StoreTraits = TRAITS
  readonly #client: ChromaClientLike
  readonly #database: Database
  readonly #collections: Collections

  /** @throws TypeError when there is no client, it has no tenant or database, or is a protected one */
  constructor(options: ChromaAdapterOptions) {
    const client = clientOf(options)
    if (isProtected(client)) {
      throw new TypeError(
        'ChromaAdapter takes the plain client, not what protect() returns: its own drops and ' +
          'renames would wait for themselves.',
      )
    }
    const { tenant, database } = client
    if (!tenant || !database) {
      throw new TypeError(
        'ChromaAdapter needs a client with a tenant and a database, since they say which store ' +
          'it is. Give both to the constructor of the client.',
      )
    }
    this.name = `chroma:${tenant}/${database}`
    this.#client = client
    this.#database = { tenant, database }
    this.#collections = new Collections(client)
  }

  listCollections(options: CallOptions = {}): AsyncIterable<CollectionInfo> {
    return this.#collections.describeAll(options)
  }

  async getCollection(
    ref: CollectionRef,
    options: CallOptions = {},
  ): Promise<CollectionInfo | undefined> {
    const found = await this.#collections.find(ref, options)
    return found && this.#collections.describe(found)
  }

  async createCollection(
    spec: CollectionSpec,
    { signal }: CallOptions = {},
  ): Promise<CollectionInfo> {
    const { metadata, ...creation } = toCreation(spec)
    signal?.throwIfAborted()
    const later = metadata !== undefined && isOverruledByMetadata(spec)
    const created = await run(
      { method: 'createCollection', kind: 'effect', collection: spec.name },
      () =>
        this.#client.createCollection(
          metadata === undefined || later ? creation : { ...creation, metadata },
        ),
    )
    try {
      if (!later) return checkMetric(toInfo(created, undefined), spec)
      await this.#modify(created, { metadata })
      const info = await this.getCollection({ name: spec.name, id: created.id })
      return checkMetric(info, spec)
    } catch (error) {
      throw await this.#undoCreation(created, error)
    }
  }

  /**
   * Chroma drops by name, so a name that somebody moves to another collection in the meantime would
   * drop that one. By id it can be renamed, so it first gets a name that nobody else would use.
   * Whoever dies in between finds it again by its id.
   */
  async dropCollection(ref: CollectionRef, options: CallOptions = {}): Promise<void> {
    const found = await this.#collections.find(ref, options)
    if (found === undefined) return
    options.signal?.throwIfAborted()
    let { name } = found
    if (ref.id !== undefined) {
      name = `holdfast-drop-${ref.id}`
      const renamed = found.name === name || (await ifThere(this.#modify(found, { name })))
      if (!renamed) return
    }
    await ifThere(
      run({ method: 'deleteCollection', kind: 'effect', collection: ref.name }, () =>
        this.#client.deleteCollection({ name }),
      ),
    )
    this.#collections.forget(found.id)
  }

  async renameCollection(
    change: {
      readonly from: CollectionRef
      readonly to: string
      readonly metadata?: Metadata
    },
    options: CallOptions = {},
  ): Promise<void> {
    const { from, to, metadata } = change
    const collection = await this.#collections.open(from, options)
    options.signal?.throwIfAborted()
    const renamed = {
      name: to,
      ...(metadata === undefined
        ? {}
        : { metadata: toCollectionMetadata(metadata, from.name) ?? { [NOTHING_KEY]: REMOVE } }),
    }
    await this.#surely(collection, () => this.#modify(collection, renamed))
  }

  async countRecords(ref: CollectionRef, options: CallOptions = {}): Promise<number> {
    const collection = await this.#collections.open(ref, options)
    options.signal?.throwIfAborted()
    return run({ method: 'count', kind: 'read', collection: ref.name }, () => collection.count())
  }

  async *readRecords(
    ref: CollectionRef,
    { signal, batchRecordsMax = BATCH_RECORDS_MAX }: ReadOptions = {},
  ): AsyncIterable<readonly VectorRecord[]> {
    const collection = await this.#collections.open(ref, { ...(signal && { signal }) })
    const bounds = await this.#readBounds(collection, batchRecordsMax)
    yield* readRecords(collection, { ...bounds, ...(signal && { signal }) })
  }

  async *readIds(ref: CollectionRef, options: CallOptions = {}): AsyncIterable<readonly string[]> {
    const collection = await this.#collections.open(ref, options)
    const idsMax = await this.#serverBatchMax()
    yield* readIds(collection, { database: this.#database, idsMax, ...options })
  }

  async getRecords(
    ref: CollectionRef,
    ids: readonly string[],
    options: CallOptions = {},
  ): Promise<readonly VectorRecord[]> {
    const collection = await this.#collections.open(ref, options)
    const bounds = await this.#readBounds(collection, BATCH_RECORDS_MAX)
    return getRecords(collection, ids, { ...bounds, ...options })
  }

  async putRecords(
    ref: CollectionRef,
    records: readonly VectorRecord[],
    options: CallOptions = {},
  ): Promise<void> {
    const collection = await this.#collections.open(ref, options)
    for (const record of records) checkRecord(record, metricOf(collection))
    const recordsMax = await this.#serverBatchMax()
    const bounds = { recordsMax, ...options }
    await this.#surely(collection, () => putRecords(collection, records, bounds))
  }

  async deleteRecords(
    ref: CollectionRef,
    ids: readonly string[],
    options: CallOptions = {},
  ): Promise<void> {
    const collection = await this.#collections.open(ref, options)
    const size = await this.#serverBatchMax()
    for (let start = 0; start < ids.length; start += size) {
      options.signal?.throwIfAborted()
      const batch = ids.slice(start, start + size)
      try {
        await this.#surely(collection, () =>
          run({ method: 'delete', kind: 'effect', collection: ref.name }, () =>
            collection.delete({ ids: batch }),
          ),
        )
      } catch (error) {
        throw start > 0 && isHoldfastError(error) ? error.withOutcome('unknown') : error
      }
    }
  }

  /** Distances as Chroma reports them: squared L2, 1 - cosine, 1 - dot product. */
  async search(
    ref: CollectionRef,
    query: Float32Array,
    { limit = 10, ...options }: SearchOptions = {},
  ): Promise<readonly SearchHit[]> {
    const collection = await this.#collections.open(ref, options)
    options.signal?.throwIfAborted()
    if (limit === 0) return []
    const { ids, distances } = await run(
      { method: 'query', kind: 'read', collection: ref.name },
      () =>
        collection.query({
          queryEmbeddings: [Array.from(query)],
          nResults: limit,
          include: ['distances'],
        }),
    )
    const found = ids[0] ?? []
    // JSON has no infinity: Chroma says null where a distance is beyond float32.
    return found.map((id, index) => ({ id, distance: distances[0]?.[index] ?? Infinity }))
  }

  recordProblem(record: VectorRecord): string | undefined {
    return recordProblem(record)
  }

  async engineVersion({ signal }: CallOptions = {}): Promise<EngineVersion> {
    signal?.throwIfAborted()
    const version = await run({ method: 'version', kind: 'read' }, () => this.#client.version())
    return { engine: 'chroma', version }
  }

  /** The client is the host's and stays open; there is nothing else. */
  async [Symbol.asyncDispose](): Promise<void> {}

  /** Records or ids that the server takes in one call: 5,461 on a single node. */
  async #serverBatchMax(): Promise<number> {
    const call = { method: 'getMaxBatchSize', kind: 'read' } as const
    const max = await run(call, () => this.#client.getMaxBatchSize())
    return max > 0 ? max : BATCH_RECORDS_MAX
  }

  /**
   * Runs an effect. That its collection is not there is believed only when Chroma itself says so: a
   * proxy whose server is away answers 404 as well, perhaps after the effect has happened.
   */
  async #surely<Result>(
    { id, name }: ChromaCollection,
    effect: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await effect()
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'COLLECTION_NOT_FOUND') throw error
      const found = await this.#collections.find({ id, name }).catch((cause: unknown) => {
        throw isHoldfastError(cause) ? cause.withOutcome('unknown') : cause
      })
      if (found === undefined) throw error
      throw new HoldfastError(
        'STORE_UNAVAILABLE',
        `Something between here and Chroma said that "${name}" is not there, although it is. Look ` +
          'at the proxy in front of it.',
        { outcome: 'unknown', retryable: true, details: { collection: name }, cause: error },
      )
    }
  }

  async #readBounds({ id }: ChromaCollection, batchRecordsMax: number): Promise<ReadBounds> {
    const idsMax = await this.#serverBatchMax()
    const recordsMax = Math.min(batchRecordsMax, idsMax, BATCH_RECORDS_MAX)
    return { database: this.#database, size: this.#collections.pageSize(id), recordsMax, idsMax }
  }

  /** Half of what was asked for. Nobody else has written to it, since nobody was told of it. */
  async #undoCreation({ id, name }: ChromaCollection, error: unknown): Promise<unknown> {
    const dropped = await this.dropCollection({ id, name }).then(
      () => true,
      () => false,
    )
    if (!isHoldfastError(error)) return error
    return error.withOutcome(dropped ? 'unchanged' : 'unknown')
  }

  async #modify(
    collection: ChromaCollection,
    change: Parameters<ChromaCollection['modify']>[0],
  ): Promise<void> {
    // The client puts the new name into the object before it asks the server.
    const { name } = collection
    try {
      await collection.modify(change)
    } catch (error) {
      const about = isNotFound(error) ? name : (change.name ?? name)
      throw storeError({ method: 'modify', kind: 'effect', collection: about }, error)
    }
  }
}

function clientOf(options: Partial<ChromaAdapterOptions> | undefined): ChromaClientLike {
  const client = options?.client
  if (typeof client?.getCollection === 'function') return client
  throw new TypeError(
    'ChromaAdapter takes its client by name: `new ChromaAdapter({ client })`, where `client` is a ' +
      'ChromaClient or CloudClient.',
  )
}

function checkMetric(
  info: CollectionInfo | undefined,
  { name, metric }: CollectionSpec,
): CollectionInfo {
  if (info?.metric === metric) return info
  throw new HoldfastError(
    'STORE_REJECTED',
    `Chroma made a collection "${name}" that measures by ${info?.metric} instead of ${metric}. ` +
      'Look at the settings and the metadata of the collection.',
    { outcome: 'unchanged', retryable: false, details: { collection: name } },
  )
}

async function run<Result>(call: ChromaCall, send: () => Promise<Result>): Promise<Result> {
  try {
    return await send()
  } catch (error) {
    throw storeError(call, error)
  }
}

/** False when it was not there. */
async function ifThere(effect: Promise<unknown>): Promise<boolean> {
  try {
    await effect
    return true
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'COLLECTION_NOT_FOUND') return false
    throw error
  }
}
