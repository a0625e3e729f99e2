import type { CollectionInfo, CollectionRef, CollectionSpec, Metric } from '../model/collection.ts'
import type { Metadata, VectorRecord } from '../model/record.ts'

/** What every call of a store takes last. */
export interface CallOptions {
  /** The call rejects with `signal.reason`, unchanged. */
  readonly signal?: AbortSignal
}

export interface ReadOptions extends CallOptions {
  /** Records per batch, at most. The adapter chooses when it is absent. */
  readonly batchRecordsMax?: number
}

export interface SearchOptions extends CallOptions {
  /** Hits wanted, at most. Default 10. */
  readonly limit?: number
}

export interface SearchHit {
  readonly id: string
  /** Distance under the collection's metric as the store reports it; smaller is nearer. */
  readonly distance: number
}

export interface EngineVersion {
  /** The product, such as `chroma`. */
  readonly engine: string
  readonly version: string
}

/** Which names a store takes for a collection. */
export interface NameRules {
  readonly lengthMin: number
  readonly lengthMax: number
  /** Source of a regular expression (flag `u`) that a whole name matches. */
  readonly pattern: string
}

/** Facts about how a store behaves. What it can do is told by which optional methods it has. */
export interface StoreTraits {
  /** Records (or ids) that one call takes. `GuardedStore` splits what is longer. */
  readonly batchRecordsMax: number
  readonly dimensionMax: number
  /** Longest record id in UTF-8 bytes. */
  readonly recordIdBytesMax: number
  readonly metrics: readonly Metric[]
  readonly names: NameRules
  /** Longest time in ms before a finished write is seen by every read. 0 means at once. */
  readonly visibilityLagMsMax: number
  /**
   * `normalized`: under cosine the store keeps unit vectors or rounds them, so what is read is not
   * what was written to the last bit.
   */
  readonly vectorFidelity: 'exact' | 'normalized'
}

/**
 * What a store must be able to do. Required methods are idempotent except `createCollection`:
 * core repeats them after a lost answer or a crash. An optional method is a promise of atomicity:
 * who can't promise leaves it out, and core takes the longer way.
 *
 * Adapters may trust their arguments: core always calls through `GuardedStore`, which checks,
 * splits, times out and retries. They throw `HoldfastError` for what they understand
 * (`COLLECTION_NOT_FOUND`, `COLLECTION_EXISTS`, `RECORD_INVALID`, `STORE_UNAVAILABLE`,
 * `STORE_REJECTED`) with the client's error as `cause`.
 */
export interface VectorStoreAdapter extends AsyncDisposable {
  /**
   * Says which store this is, for messages and to notice a directory opened with another store:
   * product and namespace, such as `chroma:default_tenant/default_database`; no address, no secret.
   */
  readonly name: string
  readonly traits: StoreTraits

  listCollections(options?: CallOptions): AsyncIterable<CollectionInfo>
  /** `undefined` when there is none. By id where `ref.id` is given: then its name may differ. */
  getCollection(ref: CollectionRef, options?: CallOptions): Promise<CollectionInfo | undefined>
  /** Exclusive. @throws COLLECTION_EXISTS when the name is taken. */
  createCollection(spec: CollectionSpec, options?: CallOptions): Promise<CollectionInfo>
  /** Does nothing when it is gone already. */
  dropCollection(ref: CollectionRef, options?: CallOptions): Promise<void>
  countRecords(ref: CollectionRef, options?: CallOptions): Promise<number>
  /**
   * All records in batches, each record once while nobody writes. `break` releases what the read
   * holds.
   */
  readRecords(ref: CollectionRef, options?: ReadOptions): AsyncIterable<readonly VectorRecord[]>
  /** The ids of all records, in batches, each once while nobody writes. Cheap where it can be. */
  readIds(ref: CollectionRef, options?: CallOptions): AsyncIterable<readonly string[]>
  /** Those that exist, in any order. */
  getRecords(
    ref: CollectionRef,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<readonly VectorRecord[]>
  /** Inserts, or replaces the whole record (its old metadata and text do not survive). */
  putRecords(
    ref: CollectionRef,
    records: readonly VectorRecord[],
    options?: CallOptions,
  ): Promise<void>
  /** Ids that don't exist are no error. */
  deleteRecords(ref: CollectionRef, ids: readonly string[], options?: CallOptions): Promise<void>
  /** Nearest first. */
  search(
    ref: CollectionRef,
    query: Float32Array,
    options?: SearchOptions,
  ): Promise<readonly SearchHit[]>
  engineVersion(options?: CallOptions): Promise<EngineVersion>

  /**
   * Why the store can't hold this record, as a sentence that says what to change; `undefined` when
   * it can. Pure. Asked before anything is written.
   */
  recordProblem?(record: VectorRecord): string | undefined
  /**
   * Atomic: readers see the old name or the new one, never both and never none. Idempotent: does
   * nothing when the collection has that name already. Takes time that doesn't grow with the
   * collection. With `metadata`, replaces the collection's metadata in the same step.
   * @throws COLLECTION_NOT_FOUND, COLLECTION_EXISTS
   */
  renameCollection?(
    change: {
      readonly from: CollectionRef
      readonly to: string
      readonly metadata?: Metadata
    },
    options?: CallOptions,
  ): Promise<void>
}
