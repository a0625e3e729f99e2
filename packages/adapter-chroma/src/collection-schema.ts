// Since 1.3 a Chroma collection has a schema: which kinds of metadata values have an index, overall
// and for single keys. Filters on what has none are refused, so a copy must have the same. Chroma
// adds each key that it meets with the overall choice; only what differs from that is kept here.

import type { JsonObject, JsonValue } from '@holdfast/core'

/** Indexes by kind of value and name, each with `enabled` and `config`. */
type Indexes = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>

interface SchemaJson {
  readonly defaults?: Indexes
  readonly keys?: Readonly<Record<string, Indexes>>
  readonly cmek?: JsonObject | null
}

/** What a schema is made of, beside the indexes. */
export interface SchemaParts {
  readonly space: string
  readonly hnsw?: JsonObject | undefined
  readonly spann?: JsonObject | undefined
  readonly embedding?: JsonObject | undefined
  readonly indexes?: JsonObject | undefined
}

const ON: JsonObject = { enabled: true, config: {} }
const OFF: JsonObject = { enabled: false, config: {} }

/** What Chroma chooses when it is told nothing. */
const STANDARD: Indexes = {
  string: { fts_index: OFF, string_inverted_index: ON },
  sparse_vector: { sparse_vector_index: { enabled: false, config: { bm25: false } } },
  int: { int_inverted_index: ON },
  float: { float_inverted_index: ON },
  bool: { bool_inverted_index: ON },
}
const STANDARD_DOCUMENT: Indexes = { string: { fts_index: ON, string_inverted_index: OFF } }

const DOCUMENT_KEY = '#document'
const EMBEDDING_KEY = '#embedding'
const VECTOR_KIND = 'float_list'

/** The schema of a collection object as JSON; `undefined` where the server or client has none. */
export function schemaJson(schema: object | undefined): SchemaJson | undefined {
  const { serializeToJSON } = (schema ?? {}) as { readonly serializeToJSON?: () => SchemaJson }
  return serializeToJSON?.call(schema)
}

/** Parameters of the HNSW index, some of which only the schema has. */
export function schemaHnsw(schema: SchemaJson | undefined): JsonObject {
  const index = schema?.keys?.[EMBEDDING_KEY]?.[VECTOR_KIND]?.['vector_index']
  const config = (index?.['config'] ?? {}) as { readonly hnsw?: JsonObject | null }
  return config.hnsw ?? {}
}

/** The indexes that are not Chroma's own choice; `undefined` when there are none. */
export function ownIndexes(schema: SchemaJson): JsonObject | undefined {
  const defaults = differing(schema.defaults ?? {}, STANDARD)
  const inherited = merge(STANDARD, schema.defaults ?? {})
  const keys: Record<string, JsonObject> = {}
  for (const [key, indexes] of Object.entries(schema.keys ?? {})) {
    const own = differing(indexes, key === DOCUMENT_KEY ? STANDARD_DOCUMENT : inherited)
    if (own !== undefined) keys[key] = own
  }
  const own = {
    ...(defaults === undefined ? {} : { defaults }),
    ...(Object.keys(keys).length === 0 ? {} : { keys }),
    ...(schema.cmek ? { cmek: schema.cmek } : {}),
  }
  return Object.keys(own).length === 0 ? undefined : own
}

/** Something that the client takes for a `Schema`, since it only asks for the JSON. */
export function schemaOf(parts: SchemaParts): object {
  const { defaults = {}, keys = {}, cmek } = (parts.indexes ?? {}) as SchemaJson
  const { space, hnsw, spann, embedding } = parts
  const config = {
    space,
    ...(spann === undefined ? { hnsw: hnsw ?? {} } : { spann }),
    ...(embedding === undefined ? {} : { embedding_function: embedding }),
  }
  const vector = (enabled: boolean, own: object): object => ({
    [VECTOR_KIND]: { vector_index: { enabled, config: { ...config, ...own } } },
  })
  const json = {
    defaults: { ...merge(STANDARD, defaults), ...vector(false, {}) },
    keys: {
      ...keys,
      [DOCUMENT_KEY]: merge(STANDARD_DOCUMENT, keys[DOCUMENT_KEY] ?? {}),
      [EMBEDDING_KEY]: vector(true, { source_key: DOCUMENT_KEY }),
    },
    ...(cmek ? { cmek } : {}),
  }
  return { serializeToJSON: () => json, resolveEmbeddingFunction: () => null }
}

/** The indexes that are switched otherwise than in `base`, and sparse ones, which have settings. */
function differing(indexes: Indexes, base: Indexes): JsonObject | undefined {
  const own: Record<string, Record<string, JsonValue>> = {}
  for (const [kind, named] of Object.entries(indexes)) {
    if (kind === VECTOR_KIND) continue
    for (const [name, index] of Object.entries(named)) {
      const enabled = index['enabled'] === true
      if (enabled === (base[kind]?.[name]?.['enabled'] === true)) continue
      own[kind] = { ...own[kind], [name]: { enabled, config: index['config'] ?? {} } }
    }
  }
  return Object.keys(own).length === 0 ? undefined : own
}

function merge(base: Indexes, own: Indexes): Indexes {
  const merged: Record<string, Readonly<Record<string, JsonObject>>> = { ...base }
  for (const [kind, named] of Object.entries(own)) {
    if (kind !== VECTOR_KIND) merged[kind] = { ...merged[kind], ...named }
  }
  return merged
}
