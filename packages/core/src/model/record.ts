/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

export type JsonObject = { readonly [key: string]: JsonValue }

/** What a record or a collection carries beside its vectors. Adapters refuse what a store can't hold. */
export type Metadata = JsonObject

/** One vector with what belongs to it. The unit that stores read, write and lose. */
export interface VectorRecord {
  /** Unique in its collection. Not empty. */
  readonly id: string
  /** As many components as the collection's dimension, all of them finite. */
  readonly vector: Float32Array
  /** Absent and `{}` mean the same. */
  readonly metadata?: Metadata
  /** The text that was embedded, where the store keeps it. */
  readonly text?: string
}
