import type { CollectionInfo, CollectionRef, CollectionSpec } from '../model/collection.ts'
import type { VectorRecord } from '../model/record.ts'
import type {
  CallOptions,
  EngineVersion,
  ReadOptions,
  SearchHit,
  SearchOptions,
  StoreTraits,
  VectorStoreAdapter,
} from '../store/adapter.ts'
import type { FaultPlan } from './fault-plan.ts'
import { faultyStream } from './faulty-stream.ts'

/** Use `withFaults`. */
export class FaultyStore implements VectorStoreAdapter {
  readonly name: string
  readonly traits: StoreTraits
  declare readonly renameCollection?: NonNullable<VectorStoreAdapter['renameCollection']>
  declare readonly recordProblem?: NonNullable<VectorStoreAdapter['recordProblem']>
  readonly #store: VectorStoreAdapter
  readonly #plan: FaultPlan

  constructor(store: VectorStoreAdapter, plan: FaultPlan) {
    this.name = store.name
    this.traits = store.traits
    this.#store = store
    this.#plan = plan
    const rename = store.renameCollection?.bind(store)
    if (rename !== undefined) {
      this.renameCollection = (change, options) =>
        this.#effect('renameCollection', change.from, options, (sent) => rename(change, sent))
    }
    const recordProblem = store.recordProblem?.bind(store)
    if (recordProblem !== undefined) this.recordProblem = recordProblem
  }

  listCollections(options?: CallOptions): AsyncIterable<CollectionInfo> {
    const place = { part: 'store', method: 'listCollections', reads: true } as const
    return faultyStream(this.#plan, place, this.#store.listCollections(options))
  }

  readRecords(ref: CollectionRef, options?: ReadOptions): AsyncIterable<readonly VectorRecord[]> {
    const place = { part: 'store', method: 'readRecords', about: ref.name, reads: true } as const
    return faultyStream(this.#plan, place, this.#store.readRecords(ref, options))
  }

  readIds(ref: CollectionRef, options?: CallOptions): AsyncIterable<readonly string[]> {
    const place = { part: 'store', method: 'readIds', about: ref.name, reads: true } as const
    return faultyStream(this.#plan, place, this.#store.readIds(ref, options))
  }

  getCollection(ref: CollectionRef, options?: CallOptions): Promise<CollectionInfo | undefined> {
    return this.#read('getCollection', ref, () => this.#store.getCollection(ref, options))
  }

  countRecords(ref: CollectionRef, options?: CallOptions): Promise<number> {
    return this.#read('countRecords', ref, () => this.#store.countRecords(ref, options))
  }

  getRecords(
    ref: CollectionRef,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<readonly VectorRecord[]> {
    return this.#read('getRecords', ref, () => this.#store.getRecords(ref, ids, options))
  }

  search(
    ref: CollectionRef,
    query: Float32Array,
    options?: SearchOptions,
  ): Promise<readonly SearchHit[]> {
    return this.#read('search', ref, () => this.#store.search(ref, query, options))
  }

  engineVersion(options?: CallOptions): Promise<EngineVersion> {
    return this.#read('engineVersion', undefined, () => this.#store.engineVersion(options))
  }

  createCollection(spec: CollectionSpec, options?: CallOptions): Promise<CollectionInfo> {
    return this.#effect('createCollection', spec, options, (sent) =>
      this.#store.createCollection(spec, sent),
    )
  }

  dropCollection(ref: CollectionRef, options?: CallOptions): Promise<void> {
    return this.#effect('dropCollection', ref, options, (sent) =>
      this.#store.dropCollection(ref, sent),
    )
  }

  putRecords(
    ref: CollectionRef,
    records: readonly VectorRecord[],
    options?: CallOptions,
  ): Promise<void> {
    const put = (sent: CallOptions | undefined, some: readonly VectorRecord[]): Promise<void> =>
      this.#store.putRecords(ref, some, sent)
    return this.#batch('putRecords', ref, records, options, put)
  }

  deleteRecords(ref: CollectionRef, ids: readonly string[], options?: CallOptions): Promise<void> {
    const remove = (sent: CallOptions | undefined, some: readonly string[]): Promise<void> =>
      this.#store.deleteRecords(ref, some, sent)
    return this.#batch('deleteRecords', ref, ids, options, remove)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#plan.throwIfDead()
    await this.#store[Symbol.asyncDispose]()
  }

  #read<Result>(
    method: string,
    ref: CollectionRef | undefined,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const about = ref === undefined ? {} : { about: ref.name }
    return this.#plan.call({ part: 'store', method, ...about, reads: true, run })
  }

  #batch<Item>(
    method: string,
    ref: CollectionRef,
    items: readonly Item[],
    options: CallOptions | undefined,
    send: (sent: CallOptions | undefined, some: readonly Item[]) => Promise<void>,
  ): Promise<void> {
    const half = (): Promise<void> => send(undefined, items.slice(0, items.length / 2))
    return this.#effect(method, ref, options, (sent) => send(sent, items), half)
  }

  async #effect<Result>(
    method: string,
    ref: CollectionRef,
    options: CallOptions | undefined,
    send: (sent: CallOptions | undefined) => Promise<Result>,
    half?: () => Promise<unknown>,
  ): Promise<Result> {
    this.#plan.throwIfDead()
    options?.signal?.throwIfAborted()
    return this.#plan.call({
      part: 'store',
      method,
      about: ref.name,
      run: () => send(options),
      ...(half === undefined ? {} : { half }),
      // What is under way can't be called back, so the signal is left behind.
      late: async () => () => send(undefined),
    })
  }
}
