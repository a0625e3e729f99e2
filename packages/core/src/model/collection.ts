import type { JsonObject, Metadata } from './record.ts'

/** How a store measures nearness: `euclidean` is squared or plain L2, as the store has it. */
export type Metric = 'cosine' | 'dot' | 'euclidean'

/** What is needed to create a collection that behaves like another one. */
export interface CollectionSpec {
  readonly name: string
  readonly metric: Metric
  /** Components per vector. Absent where the store fixes it at the first write and none happened. */
  readonly dimension?: number
  /** Absent and `{}` mean the same. */
  readonly metadata?: Metadata
  /** Whatever else the store needs (index parameters and so on). Only its adapter looks inside. */
  readonly settings?: JsonObject
}

/** A collection as its store describes it now. */
export interface CollectionInfo extends CollectionSpec {
  /**
   * What stays the same when the name changes, and never returns after a drop. Absent where the
   * store knows collections by name only.
   */
  readonly id?: string
  /** Number of records, where the store knows it without counting. Else ask `countRecords`. */
  readonly count?: number
}

/**
 * Names one collection. With `id`, adapters act on that very collection, whatever it is called by
 * now, and never on another one that has taken its name.
 */
export interface CollectionRef {
  readonly name: string
  readonly id?: string
}

/** The reference that holds on to `info` by its identity, where it has one. */
export function refOf(info: CollectionRef): CollectionRef {
  return info.id === undefined ? { name: info.name } : { name: info.name, id: info.id }
}
