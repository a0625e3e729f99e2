import type { CollectionInfo, CollectionRef, CollectionSpec, Metric } from '../model/collection.ts'
import type { JsonObject, Metadata, VectorRecord } from '../model/record.ts'

/** A record as the memory store keeps it. */
export interface StoredRecord {
  readonly id: string
  readonly vector: Float32Array
  /** Set where `vector` was scaled to length 1: what reading multiplies back. */
  readonly norm?: number
  readonly metadata?: Metadata
  readonly text?: string
}

export interface StoredCollection {
  readonly id: string
  name: string
  readonly metric: Metric
  /** Fixed at the creation or else by the first write, and kept when the records are gone. */
  dimension: number | undefined
  metadata: Metadata | undefined
  readonly settings: JsonObject | undefined
  readonly records: Map<string, StoredRecord>
}

/** All that a store holds, under the names of its collections: plain, and comparable with `equal`. */
export type MemoryStoreSnapshot = Readonly<Record<string, MemoryCollectionSnapshot>>

/** Without the id: a collection that was dropped and restored compares equal to what it was. */
export interface MemoryCollectionSnapshot {
  readonly metric: Metric
  readonly dimension?: number
  readonly metadata: Metadata
  readonly settings: JsonObject
  /** By record id. */
  readonly records: Readonly<Record<string, MemoryRecordSnapshot>>
}

export interface MemoryRecordSnapshot {
  /** As it would be read. */
  readonly vector: readonly number[]
  readonly metadata: Metadata
  readonly text?: string
}

/**
 * The server behind a {@link MemoryStore}: what stays when an adapter is disposed or its process
 * dies. Several stores, standing for several processes, can share one.
 */
export class MemoryStoreData {
  readonly #collections = new Map<string, StoredCollection>()
  #created = 0
  /** Streams of records that were neither read to their end nor broken off. */
  openReads = 0

  all(): IterableIterator<StoredCollection> {
    return this.#collections.values()
  }

  byId(id: string): StoredCollection | undefined {
    return this.#collections.get(id)
  }

  byName(name: string): StoredCollection | undefined {
    for (const collection of this.all()) if (collection.name === name) return collection
    return undefined
  }

  /** By identity where the reference has one, else by name. */
  find(ref: CollectionRef): StoredCollection | undefined {
    return ref.id === undefined ? this.byName(ref.name) : this.byId(ref.id)
  }

  create(spec: CollectionSpec): StoredCollection {
    const collection: StoredCollection = {
      id: `collection-${++this.#created}`,
      name: spec.name,
      metric: spec.metric,
      dimension: spec.dimension,
      metadata: structuredClone(spec.metadata),
      settings: structuredClone(spec.settings),
      records: new Map(),
    }
    this.#collections.set(collection.id, collection)
    return collection
  }

  drop(id: string): void {
    this.#collections.delete(id)
  }

  /** What tests compare before and after. Keys are in code-unit order. */
  snapshot(): MemoryStoreSnapshot {
    return byKey([...this.all()].map((collection) => [collection.name, snapshotOf(collection)]))
  }
}

/** A fresh description that shares nothing with the store. */
export function infoOf(collection: StoredCollection): CollectionInfo {
  const { id, name, metric, dimension, metadata, settings, records } = collection
  return {
    id,
    name,
    metric,
    ...(dimension === undefined ? {} : { dimension }),
    ...(metadata === undefined ? {} : { metadata: structuredClone(metadata) }),
    ...(settings === undefined ? {} : { settings: structuredClone(settings) }),
    count: records.size,
  }
}

/** Keeps a copy; with `normalize` as a unit vector and its length, both in float32. */
export function toStored(record: VectorRecord, normalize: boolean): StoredRecord {
  const { id, vector, metadata, text } = record
  const rest = {
    ...(metadata === undefined ? {} : { metadata: structuredClone(metadata) }),
    ...(text === undefined ? {} : { text }),
  }
  if (!normalize) return { id, vector: vector.slice(), ...rest }
  let squares = 0
  for (const component of vector) squares += component * component
  const norm = Math.fround(Math.sqrt(squares))
  return { id, vector: vector.map((component) => component / norm), norm, ...rest }
}

export function fromStored(stored: StoredRecord): VectorRecord {
  const { id, vector, norm, metadata, text } = stored
  return {
    id,
    vector: norm === undefined ? vector.slice() : vector.map((component) => component * norm),
    ...(metadata === undefined ? {} : { metadata: structuredClone(metadata) }),
    ...(text === undefined ? {} : { text }),
  }
}

function snapshotOf(collection: StoredCollection): MemoryCollectionSnapshot {
  const { metric, dimension, metadata, settings, records } = collection
  return {
    metric,
    ...(dimension === undefined ? {} : { dimension }),
    metadata: structuredClone(metadata ?? {}),
    settings: structuredClone(settings ?? {}),
    records: byKey(
      [...records.values()]
        .map(fromStored)
        .map(({ id, vector, metadata = {}, text }) => [
          id,
          { vector: [...vector], metadata, ...(text === undefined ? {} : { text }) },
        ]),
    ),
  }
}

function byKey<Value>(entries: [string, Value][]): Readonly<Record<string, Value>> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
