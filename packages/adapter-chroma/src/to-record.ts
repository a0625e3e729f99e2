import { HoldfastError, type JsonValue, type Metadata, type VectorRecord } from '@holdfast/core'
import type { ChromaGetResult, ChromaInclude, ChromaMetadata } from './chroma-client.ts'
import { isKeptAsInteger, numberToSend } from './stored-number.ts'

/**
 * The key under which a record's URI appears in its metadata, so that a copy keeps it: Chroma has a
 * field of its own for it, and keeps it under this key inside, where no metadata can come between.
 */
export const URI_KEY = 'chroma:uri'

/** What makes up a whole record. */
export const WHOLE_RECORD: readonly ChromaInclude[] = [
  'embeddings',
  'metadatas',
  'documents',
  'uris',
]

/** The records of an answer to `get` with `WHOLE_RECORD`. @throws STORE_REJECTED */
export function toRecords(result: ChromaGetResult, collection: string): VectorRecord[] {
  checkColumns(result, collection)
  const records = recordsIn(result, collection)
  const length = records[0]?.vector.length
  const other = records.find(({ vector }) => vector.length !== length)
  if (other !== undefined) {
    throw unreadable(other.id, collection, 'has a vector of another length than those beside it')
  }
  return records
}

/** Nothing may be missing at an end, since it would be taken for a record without text. */
function checkColumns(result: ChromaGetResult, collection: string): void {
  const count = result.ids.length
  for (const column of ['embeddings', 'documents', 'metadatas', 'uris'] as const) {
    const { length } = result[column]
    // The field of the URIs is the youngest. The client makes an empty list of what is absent.
    if (length === count || (column === 'uris' && length === 0)) continue
    throw new HoldfastError(
      'STORE_REJECTED',
      `The answer for ${count} records of the collection "${collection}" has ${length} ${column}, ` +
        "so they can't be read as a whole. Look at the server, and at the proxy in front of it.",
      { outcome: 'unchanged', retryable: false, details: { collection } },
    )
  }
}

function recordsIn(result: ChromaGetResult, collection: string): VectorRecord[] {
  return result.ids.map((id, index) => {
    const text = result.documents[index]
    const metadata = toMetadata(result.metadatas[index], result.uris[index], id, collection)
    return {
      id,
      vector: toVector(result.embeddings[index], id, collection),
      ...(metadata === undefined ? {} : { metadata }),
      ...(typeof text === 'string' ? { text } : {}),
    }
  })
}

/** The metadata as Chroma is to keep it, without the URI; `null` when there is none. */
export function toChromaMetadata(metadata: Metadata | undefined): ChromaMetadata | null {
  const sent: ChromaMetadata = {}
  let empty = true
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (key === URI_KEY) continue
    sent[key] = toChromaValue(value)
    empty = false
  }
  return empty ? null : sent
}

export function uriOf({ metadata }: VectorRecord): string | undefined {
  const uri = metadata?.[URI_KEY]
  return typeof uri === 'string' ? uri : undefined
}

function toChromaValue(value: JsonValue): JsonValue {
  if (typeof value === 'number') return numberToSend(value, 'record') ?? value
  if (!Array.isArray(value)) return value
  const float = value.some((item) => typeof item === 'number' && !isKeptAsInteger(item))
  if (!float) return value
  return value.map((item: number) => numberToSend(item, 'record', { float }) ?? item)
}

function toVector(
  embedding: readonly number[] | Float32Array | null | undefined,
  id: string,
  collection: string,
): Float32Array {
  if (embedding instanceof Float32Array) return embedding
  if (!Array.isArray(embedding)) throw unreadable(id, collection, 'has no vector')
  const vector = new Float32Array(embedding.length)
  for (let i = 0; i < vector.length; i++) {
    const component: unknown = embedding[i]
    if (typeof component !== 'number') {
      // Under cosine Chroma divides by the length, which is infinite for the largest vectors.
      throw unreadable(id, collection, 'has a vector whose components Chroma has lost')
    }
    vector[i] = component
  }
  return vector
}

function toMetadata(
  metadata: object | null | undefined,
  uri: string | null | undefined,
  id: string,
  collection: string,
): Metadata | undefined {
  const values = (metadata ?? {}) as Metadata
  for (const key in values) {
    const value = values[key]
    // A sparse vector. Nothing could put it back, so it must not be taken for backed up.
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      throw unreadable(id, collection, `has a sparse vector in its metadata "${key}"`)
    }
  }
  if (typeof uri === 'string') return { ...values, [URI_KEY]: uri }
  return Object.keys(values).length === 0 ? undefined : values
}

function unreadable(id: string, collection: string, why: string): HoldfastError {
  return new HoldfastError(
    'STORE_REJECTED',
    `Record ${JSON.stringify(id.slice(0, 100))} of the collection "${collection}" ${why}, so it ` +
      "can't be read as a whole. Put it again, or delete it by the plain client.",
    { outcome: 'unchanged', retryable: false, details: { collection, recordId: id } },
  )
}
