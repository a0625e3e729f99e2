import type { CollectionInfo, CollectionRef, CollectionSpec, Metric } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import type { VectorRecord } from '../model/record.ts'
import type {
  CallOptions,
  EngineVersion,
  NameRules,
  ReadOptions,
  SearchHit,
  SearchOptions,
  StoreTraits,
  VectorStoreAdapter,
} from '../store/adapter.ts'
import { distance } from './distance.ts'
import {
  fromStored,
  infoOf,
  MemoryStoreData,
  type MemoryStoreSnapshot,
  type StoredCollection,
  toStored,
} from './memory-store-data.ts'

export interface MemoryStoreOptions {
  /** Where the collections are. Default: a new, empty one. */
  readonly data?: MemoryStoreData
  /** Default `memory:default`. */
  readonly name?: string
  /** Whether there is a `renameCollection`. Default true. */
  readonly rename?: boolean
  /** Whether collections have an id, or are known by their names only. Default `id`. */
  readonly identity?: 'id' | 'name'
  /** Default: all of them. */
  readonly metrics?: readonly Metric[]
  /** `normalized` keeps a unit vector and its length under cosine, as Chroma does. Default `exact`. */
  readonly vectorFidelity?: 'exact' | 'normalized'
  /** Default 1,000. */
  readonly batchRecordsMax?: number
  /** Default 4,096. */
  readonly dimensionMax?: number
  /** Default 512. */
  readonly recordIdBytesMax?: number
  /** Default: 1 to 128 of `A`–`Z`, `a`–`z`, `0`–`9`, `.`, `_` and `-`. */
  readonly names?: NameRules
  /** What the store can't hold. Default: there is no such method, and it holds everything. */
  readonly recordProblem?: (record: VectorRecord) => string | undefined
}

const METRICS: readonly Metric[] = ['cosine', 'dot', 'euclidean']
const NAMES: NameRules = { lengthMin: 1, lengthMax: 128, pattern: '[A-Za-z0-9._-]+' }

/**
 * The reference store: complete, in memory, and strict. It refuses whatever `GuardedStore` ought to
 * have caught, so that tests notice a guard that sleeps. Each call happens at once and as a whole.
 */
export class MemoryStore implements VectorStoreAdapter {
  readonly name: string
  readonly traits: StoreTraits
  readonly data: MemoryStoreData
  readonly #identity: 'id' | 'name'
  #disposed = false
  declare readonly renameCollection?: NonNullable<VectorStoreAdapter['renameCollection']>
  declare readonly recordProblem?: NonNullable<VectorStoreAdapter['recordProblem']>

  constructor(options: MemoryStoreOptions = {}) {
    this.name = options.name ?? 'memory:default'
    this.data = options.data ?? new MemoryStoreData()
    this.#identity = options.identity ?? 'id'
    this.traits = Object.freeze({
      batchRecordsMax: options.batchRecordsMax ?? 1000,
      dimensionMax: options.dimensionMax ?? 4096,
      recordIdBytesMax: options.recordIdBytesMax ?? 512,
      metrics: options.metrics ?? METRICS,
      names: options.names ?? NAMES,
      visibilityLagMsMax: 0,
      vectorFidelity: options.vectorFidelity ?? 'exact',
    })
    // An optional method is a promise: whoever doesn't make it must not have the method.
    if (options.rename ?? true) this.renameCollection = this.#rename
    if (options.recordProblem !== undefined) this.recordProblem = options.recordProblem
  }

  /** Everything the store holds, to be compared. */
  snapshot(): MemoryStoreSnapshot {
    return this.data.snapshot()
  }

  async *listCollections(options?: CallOptions): AsyncIterable<CollectionInfo> {
    this.#enter(options)
    for (const collection of [...this.data.all()]) {
      options?.signal?.throwIfAborted()
      yield this.#info(collection)
    }
  }

  async getCollection(
    ref: CollectionRef,
    options?: CallOptions,
  ): Promise<CollectionInfo | undefined> {
    this.#enter(options)
    const collection = this.#lookUp(ref)
    return collection && this.#info(collection)
  }

  async createCollection(spec: CollectionSpec, options?: CallOptions): Promise<CollectionInfo> {
    this.#enter(options)
    this.#checkName(spec.name)
    if (!this.traits.metrics.includes(spec.metric)) {
      throw refusal('STORE_REJECTED', `The metric "${spec.metric}" is unknown here. Use another.`)
    }
    const { dimension } = spec
    if (dimension !== undefined && !(dimension >= 1 && dimension <= this.traits.dimensionMax)) {
      throw refusal(
        'LIMIT_EXCEEDED',
        `A dimension of ${dimension} is not between 1 and ${this.traits.dimensionMax}.`,
      )
    }
    return this.#info(this.data.create(spec))
  }

  async dropCollection(ref: CollectionRef, options?: CallOptions): Promise<void> {
    this.#enter(options)
    const collection = this.#lookUp(ref)
    if (collection !== undefined) this.data.drop(collection.id)
  }

  async countRecords(ref: CollectionRef, options?: CallOptions): Promise<number> {
    this.#enter(options)
    return this.#get(ref).records.size
  }

  async *readRecords(
    ref: CollectionRef,
    options?: ReadOptions,
  ): AsyncIterable<readonly VectorRecord[]> {
    this.#enter(options)
    const ids = [...this.#get(ref).records.keys()]
    const size = Math.min(options?.batchRecordsMax ?? Infinity, this.traits.batchRecordsMax)
    this.data.openReads++
    try {
      for (let start = 0; start < ids.length; start += size) {
        const batch = await this.getRecords(ref, ids.slice(start, start + size), options)
        if (batch.length > 0) yield batch
      }
    } finally {
      this.data.openReads--
    }
  }

  async *readIds(ref: CollectionRef, options?: CallOptions): AsyncIterable<readonly string[]> {
    this.#enter(options)
    const ids = [...this.#get(ref).records.keys()]
    for (let start = 0; start < ids.length; start += this.traits.batchRecordsMax) {
      this.#enter(options)
      // As with records: what is gone by now is not told, and a collection that is gone is an error.
      const { records } = this.#get(ref)
      const batch = ids.slice(start, start + this.traits.batchRecordsMax)
      yield batch.filter((id) => records.has(id))
    }
  }

  async getRecords(
    ref: CollectionRef,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<readonly VectorRecord[]> {
    this.#enter(options)
    this.#checkBatch(ids.length)
    const { records } = this.#get(ref)
    return [...new Set(ids)].flatMap((id) => {
      const stored = records.get(id)
      return stored === undefined ? [] : [fromStored(stored)]
    })
  }

  async putRecords(
    ref: CollectionRef,
    records: readonly VectorRecord[],
    options?: CallOptions,
  ): Promise<void> {
    this.#enter(options)
    this.#checkBatch(records.length)
    const collection = this.#get(ref)
    const normalize = collection.metric === 'cosine' && this.traits.vectorFidelity === 'normalized'
    const dimension = collection.dimension ?? records[0]?.vector.length
    for (const record of records) this.#checkRecord(record, dimension, normalize)
    collection.dimension = dimension
    for (const record of records) collection.records.set(record.id, toStored(record, normalize))
  }

  async deleteRecords(
    ref: CollectionRef,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<void> {
    this.#enter(options)
    this.#checkBatch(ids.length)
    const { records } = this.#get(ref)
    for (const id of ids) records.delete(id)
  }

  async search(
    ref: CollectionRef,
    query: Float32Array,
    options?: SearchOptions,
  ): Promise<readonly SearchHit[]> {
    this.#enter(options)
    const { metric, dimension, records } = this.#get(ref)
    if (dimension !== undefined && query.length !== dimension) {
      throw refusal('STORE_REJECTED', `The query has ${query.length} components, not ${dimension}.`)
    }
    return [...records.values()]
      .map((stored) => ({
        id: stored.id,
        distance: distance(metric, query, fromStored(stored).vector),
      }))
      .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
      .slice(0, options?.limit ?? 10)
  }

  async engineVersion(options?: CallOptions): Promise<EngineVersion> {
    this.#enter(options)
    return { engine: 'memory', version: '1' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
  }

  readonly #rename: NonNullable<VectorStoreAdapter['renameCollection']> = async (
    change,
    options,
  ) => {
    this.#enter(options)
    const { from, to, metadata } = change
    // Known by names only, it may have got its name by an earlier call whose answer was lost.
    const named = this.#identity === 'name' && this.#lookUp(from) === undefined
    if (named && this.data.byName(to) !== undefined) return
    const collection = this.#get(from)
    if (collection.name !== to) this.#checkName(to)
    collection.name = to
    if (metadata !== undefined) collection.metadata = structuredClone(metadata)
  }

  #enter(options: CallOptions | undefined): void {
    options?.signal?.throwIfAborted()
    if (this.#disposed) {
      throw refusal('STORE_UNAVAILABLE', 'The store was disposed. Open it again.')
    }
  }

  #lookUp(ref: CollectionRef): StoredCollection | undefined {
    return this.#identity === 'id' ? this.data.find(ref) : this.data.byName(ref.name)
  }

  #get(ref: CollectionRef): StoredCollection {
    const collection = this.#lookUp(ref)
    if (collection !== undefined) return collection
    throw refusal('COLLECTION_NOT_FOUND', `There is no collection "${ref.name}". Create it first.`)
  }

  #info(collection: StoredCollection): CollectionInfo {
    if (this.#identity === 'id') return infoOf(collection)
    const { id: _, ...info } = infoOf(collection)
    return info
  }

  #checkName(name: string): void {
    const { lengthMin, lengthMax, pattern } = this.traits.names
    const valid =
      name.length >= lengthMin &&
      name.length <= lengthMax &&
      new RegExp(`^(?:${pattern})$`, 'u').test(name)
    if (!valid) {
      throw refusal('COLLECTION_NAME_INVALID', `"${name}" can't be a name here. Choose another.`)
    }
    if (this.data.byName(name) !== undefined) {
      throw refusal('COLLECTION_EXISTS', `There is a collection "${name}" already.`)
    }
  }

  #checkBatch(length: number): void {
    const { batchRecordsMax } = this.traits
    if (length <= batchRecordsMax) return
    throw refusal(
      'LIMIT_EXCEEDED',
      `One call takes ${batchRecordsMax} records, not ${length}. Split them.`,
    )
  }

  #checkRecord(record: VectorRecord, dimension: number | undefined, normalize: boolean): void {
    const problem =
      recordProblem(record, this.traits, dimension, normalize) ?? this.recordProblem?.(record)
    if (problem !== undefined) throw refusal('RECORD_INVALID', problem)
  }
}

function recordProblem(
  { id, vector }: VectorRecord,
  { recordIdBytesMax, dimensionMax }: StoreTraits,
  dimension: number | undefined,
  normalize: boolean,
): string | undefined {
  const idBytes = Buffer.byteLength(id)
  if (idBytes === 0) return 'A record has an empty id. Give it one.'
  if (idBytes > recordIdBytesMax) {
    return `A record's id has ${idBytes} bytes. Shorten it to ${recordIdBytesMax}.`
  }
  if (vector.length === 0 || vector.length > dimensionMax) {
    return `Record "${id}" has ${vector.length} components, not 1 to ${dimensionMax}.`
  }
  if (vector.length !== dimension) {
    return `Record "${id}" has ${vector.length} components where the collection has ${dimension}.`
  }
  if (!vector.every(Number.isFinite)) return `A component of record "${id}" is not finite.`
  if (normalize && vector.every((component) => component === 0)) {
    return `The vector of record "${id}" has length zero, and cosine needs a direction.`
  }
  return undefined
}

type RefusalCode =
  | 'COLLECTION_EXISTS'
  | 'COLLECTION_NAME_INVALID'
  | 'COLLECTION_NOT_FOUND'
  | 'LIMIT_EXCEEDED'
  | 'RECORD_INVALID'
  | 'STORE_REJECTED'
  | 'STORE_UNAVAILABLE'

function refusal(code: RefusalCode, message: string): HoldfastError {
  return new HoldfastError(code, message, { outcome: 'unchanged', retryable: false })
}
