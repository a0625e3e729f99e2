import type { Clock } from '../durable/clock.ts'
import { nextTurn } from '../durable/next-turn.ts'
import type { Random } from '../durable/random.ts'
import {
  type CollectionInfo,
  type CollectionRef,
  type CollectionSpec,
  refOf,
} from '../model/collection.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import {
  ATTEMPTS_MAX,
  CALL_TIMEOUT_MS,
  RETRY_DEADLINE_MS,
  RETRY_DELAY_MS,
  RETRY_DELAY_MS_MAX,
} from '../model/limits.ts'
import type { VectorRecord } from '../model/record.ts'
import type {
  CallOptions,
  EngineVersion,
  ReadOptions,
  SearchHit,
  SearchOptions,
  StoreTraits,
  VectorStoreAdapter,
} from './adapter.ts'
import { checkCollectionMetadata, checkNewName, checkRef, checkSpec } from './check-collection.ts'
import { checkIds, quoteId } from './check-ids.ts'
import { checkRecords } from './check-records.ts'
import { createOnce } from './create-once.ts'
import { nameTaken } from './name-taken.ts'
import { renameOnce } from './rename-once.ts'
import { StoreCalls } from './store-calls.ts'
import { toStoreError } from './store-error.ts'
import type { StoreParts } from './store-parts.ts'

export interface GuardedStoreOptions {
  readonly clock: Clock
  readonly random: Random
  /** Longest wait for one answer of the adapter. Default 30,000. */
  readonly callTimeoutMs?: number
  /** Attempts of one call of the adapter, the first included. Default 5. */
  readonly attemptsMax?: number
  /** Upper bound of the pause after the first attempt; doubles each time. Default 200. */
  readonly retryDelayMs?: number
  /** Where the pauses stop growing. Default 5,000. */
  readonly retryDelayMsMax?: number
  /** No further attempt starts later than this after the first one. Default 120,000. */
  readonly retryDeadlineMs?: number
  /**
   * When it aborts, nobody waits for the store any longer: reads and effects end with
   * `MANAGER_CLOSED`, effects with the outcome `unknown`. Whoever owns the store may recover later.
   */
  readonly ending?: AbortSignal
}

/**
 * Any adapter: checked, split into batches, bounded in time, retried, abortable. Core calls stores
 * through it only, so neither adapters nor operations repeat any of that.
 *
 * - Nothing is sent before all arguments are checked.
 * - An effect whose answer is lost is repeated until the store answers (see `StoreCalls.effect`).
 *   When several batches are written and a later one fails, the outcome is `unknown`: earlier
 *   batches are in the store.
 * - What an adapter throws beside `HoldfastError` and `signal.reason` becomes `STORE_REJECTED`.
 * - It owns nothing: disposing it waits for the calls in flight and refuses further ones; the
 *   adapter stays open, for whoever made it.
 */
export class GuardedStore implements VectorStoreAdapter {
  readonly #adapter: VectorStoreAdapter
  readonly #calls: StoreCalls
  readonly #clock: Clock
  // Declared only: whoever asks whether the method is there must not find an empty property.
  declare readonly renameCollection?: NonNullable<VectorStoreAdapter['renameCollection']>
  declare readonly recordProblem?: NonNullable<VectorStoreAdapter['recordProblem']>

  constructor(adapter: VectorStoreAdapter, options: GuardedStoreOptions) {
    this.#adapter = adapter
    this.#clock = options.clock
    this.#calls = new StoreCalls(() => adapter.name, {
      clock: options.clock,
      random: options.random,
      callTimeoutMs: atLeast(1, 'callTimeoutMs', options.callTimeoutMs ?? CALL_TIMEOUT_MS),
      attemptsMax: atLeast(1, 'attemptsMax', options.attemptsMax ?? ATTEMPTS_MAX),
      retryDelayMs: atLeast(0, 'retryDelayMs', options.retryDelayMs ?? RETRY_DELAY_MS),
      retryDelayMsMax: atLeast(0, 'retryDelayMsMax', options.retryDelayMsMax ?? RETRY_DELAY_MS_MAX),
      retryDeadlineMs: atLeast(0, 'retryDeadlineMs', options.retryDeadlineMs ?? RETRY_DEADLINE_MS),
      ending: options.ending,
    })
    if (adapter.renameCollection !== undefined) this.renameCollection = this.#rename
    if (adapter.recordProblem !== undefined) this.recordProblem = this.#problem
  }

  get name(): string {
    return this.#adapter.name
  }

  get traits(): StoreTraits {
    return this.#adapter.traits
  }

  async *listCollections({ signal }: CallOptions = {}): AsyncIterable<CollectionInfo> {
    yield* this.#calls.stream(
      'listCollections',
      (call) => this.#adapter.listCollections({ signal: call }),
      signal,
    )
  }

  async getCollection(
    ref: CollectionRef,
    { signal }: CallOptions = {},
  ): Promise<CollectionInfo | undefined> {
    checkRef(ref)
    return this.#calls.track(() => this.#find(ref, signal))
  }

  async createCollection(
    spec: CollectionSpec,
    { signal }: CallOptions = {},
  ): Promise<CollectionInfo> {
    checkSpec(this.traits, spec)
    return this.#calls.track(async () => {
      // What is there already is not ours, whatever gets lost later.
      if ((await this.#find({ name: spec.name }, signal)) !== undefined) throw nameTaken(spec.name)
      return this.#calls.effect((uncertain) => createOnce(this.#parts, spec, uncertain), signal)
    })
  }

  async dropCollection(ref: CollectionRef, { signal }: CallOptions = {}): Promise<void> {
    checkRef(ref)
    await this.#calls.track(async () => {
      const target = await this.#identify(ref, signal)
      const drop = (call: AbortSignal): Promise<void> =>
        this.#adapter.dropCollection(target, { signal: call })
      await this.#calls.effect(() => this.#calls.once('dropCollection', 'effect', drop), signal)
    })
  }

  async countRecords(ref: CollectionRef, { signal }: CallOptions = {}): Promise<number> {
    checkRef(ref)
    return this.#calls.track(() =>
      this.#calls.read(
        'countRecords',
        (call) => this.#adapter.countRecords(ref, { signal: call }),
        signal,
      ),
    )
  }

  /** A failed read is not continued by itself: after the first batch, the caller starts again. */
  async *readRecords(
    ref: CollectionRef,
    { signal, batchRecordsMax }: ReadOptions = {},
  ): AsyncIterable<readonly VectorRecord[]> {
    checkRef(ref)
    const wish = batchRecordsMax === undefined ? {} : this.#batchWish(batchRecordsMax)
    yield* this.#calls.stream(
      'readRecords',
      (call) => this.#adapter.readRecords(ref, { ...wish, signal: call }),
      signal,
    )
  }

  /** As {@link readRecords}, a failed read is not continued by itself. */
  async *readIds(
    ref: CollectionRef,
    { signal }: CallOptions = {},
  ): AsyncIterable<readonly string[]> {
    checkRef(ref)
    yield* this.#calls.stream(
      'readIds',
      (call) => this.#adapter.readIds(ref, { signal: call }),
      signal,
    )
  }

  async getRecords(
    ref: CollectionRef,
    ids: readonly string[],
    { signal }: CallOptions = {},
  ): Promise<readonly VectorRecord[]> {
    checkRef(ref)
    checkIds(this.traits, ids)
    return this.#calls.track(async () => {
      const found: VectorRecord[] = []
      for await (const batch of this.#batches([...new Set(ids)])) {
        const records = await this.#calls.read(
          'getRecords',
          (call) => this.#adapter.getRecords(ref, batch, { signal: call }),
          signal,
        )
        for (const record of records) found.push(record)
      }
      return found
    })
  }

  async putRecords(
    ref: CollectionRef,
    records: readonly VectorRecord[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    checkRef(ref)
    signal?.throwIfAborted()
    await this.#calls.track(async () => {
      const collection = await this.#get(ref, signal)
      await checkRecords(this, collection, records)
      // All batches go to the collection that was checked, even if its name moves on meanwhile.
      const target = refOf(collection)
      await this.#write(
        'putRecords',
        records,
        (batch, call) => this.#adapter.putRecords(target, batch, { signal: call }),
        signal,
      )
    })
  }

  async deleteRecords(
    ref: CollectionRef,
    ids: readonly string[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    checkRef(ref)
    checkIds(this.traits, ids)
    await this.#calls.track(async () => {
      const target = await this.#identify(ref, signal)
      await this.#write(
        'deleteRecords',
        [...new Set(ids)],
        (batch, call) => this.#adapter.deleteRecords(target, batch, { signal: call }),
        signal,
      )
    })
  }

  async search(
    ref: CollectionRef,
    query: Float32Array,
    { signal, limit = 10 }: SearchOptions = {},
  ): Promise<readonly SearchHit[]> {
    checkRef(ref)
    checkQuery(query)
    atLeast(0, 'limit', limit)
    return this.#calls.track(() =>
      this.#calls.read(
        'search',
        (call) => this.#adapter.search(ref, query, { limit, signal: call }),
        signal,
      ),
    )
  }

  async engineVersion({ signal }: CallOptions = {}): Promise<EngineVersion> {
    return this.#calls.track(() =>
      this.#calls.read(
        'engineVersion',
        (call) => this.#adapter.engineVersion({ signal: call }),
        signal,
      ),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.close()
  }

  readonly #rename: NonNullable<VectorStoreAdapter['renameCollection']> = async (
    { from, to, metadata },
    { signal } = {},
  ) => {
    checkRef(from)
    if (to !== from.name) checkNewName(this.traits, to)
    checkCollectionMetadata(metadata)
    await this.#calls.track(async () => {
      const source = await this.#find(from, signal)
      const isKnownByName = source !== undefined && source.id === undefined && to !== source.name
      if (isKnownByName && (await this.#find({ name: to }, signal)) !== undefined)
        throw nameTaken(to)
      const change = {
        from: source === undefined ? from : refOf(source),
        to,
        ...(metadata === undefined ? {} : { metadata }),
      }
      await this.#calls.effect(
        (uncertain) => renameOnce(this.#parts, change, uncertain && isKnownByName),
        signal,
      )
    })
  }

  readonly #problem = (record: VectorRecord): string | undefined => {
    try {
      return this.#adapter.recordProblem?.(record)
    } catch (error) {
      throw toStoreError({ store: this.name, method: 'recordProblem', kind: 'read' }, error)
    }
  }

  async #find(
    ref: CollectionRef,
    signal: AbortSignal | undefined,
  ): Promise<CollectionInfo | undefined> {
    return this.#calls.read(
      'getCollection',
      (call) => this.#adapter.getCollection(ref, { signal: call }),
      signal,
    )
  }

  async #get(ref: CollectionRef, signal: AbortSignal | undefined): Promise<CollectionInfo> {
    const collection = await this.#find(ref, signal)
    if (collection !== undefined) return collection
    throw new HoldfastError(
      'COLLECTION_NOT_FOUND',
      `There is no collection ${quoteId(ref.name)} in the store "${this.name}". ` +
        'Look at its name, or create it first.',
      { outcome: 'unchanged', retryable: false, details: { collection: ref.name } },
    )
  }

  /** By identity where there is one, so that a repeated effect can't hit another collection. */
  async #identify(ref: CollectionRef, signal: AbortSignal | undefined): Promise<CollectionRef> {
    if (ref.id !== undefined) return ref
    const collection = await this.#find(ref, signal)
    return collection === undefined ? ref : refOf(collection)
  }

  async #write<Item>(
    method: string,
    items: readonly Item[],
    send: (batch: readonly Item[], call: AbortSignal) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let written = false
    for await (const batch of this.#batches(items)) {
      try {
        await this.#calls.effect(
          () => this.#calls.once(method, 'effect', (call) => send(batch, call)),
          signal,
        )
        written = true
      } catch (error) {
        // The refused batch changed nothing, but those before it did.
        throw written && isHoldfastError(error) ? error.withOutcome('unknown') : error
      }
    }
  }

  #batchWish(batchRecordsMax: number): { readonly batchRecordsMax: number } {
    atLeast(1, 'batchRecordsMax', batchRecordsMax)
    return { batchRecordsMax: Math.min(batchRecordsMax, this.traits.batchRecordsMax) }
  }

  async *#batches<Item>(items: readonly Item[]): AsyncIterable<readonly Item[]> {
    const size = atLeast(1, 'traits.batchRecordsMax', this.traits.batchRecordsMax)
    for (let start = 0; start < items.length; start += size) {
      if (start > 0) await nextTurn()
      yield items.slice(start, start + size)
    }
  }

  get #parts(): StoreParts {
    return { adapter: this.#adapter, calls: this.#calls, clock: this.#clock }
  }
}

function checkQuery(query: Float32Array): void {
  // By its tag rather than by `instanceof`: test runners have a Float32Array of their own.
  if (query?.[Symbol.toStringTag] !== 'Float32Array') {
    throw new TypeError('A search takes a Float32Array.')
  }
  if (query.length === 0 || !query.every(Number.isFinite)) {
    throw new RangeError('A search takes a vector whose components are all finite.')
  }
}

function atLeast(min: number, name: string, value: number): number {
  if (Number.isInteger(value) && value >= min) return value
  throw new RangeError(`${name} must be a whole number of at least ${min}, not ${value}.`)
}
