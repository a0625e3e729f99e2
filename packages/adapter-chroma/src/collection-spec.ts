import {
  type CollectionInfo,
  type CollectionSpec,
  HoldfastError,
  type JsonObject,
  type JsonValue,
  type Metadata,
  type Metric,
} from '@holdfast/core'
import type { ChromaCollection, ChromaMetadata } from './chroma-client.ts'
import { ownIndexes, schemaHnsw, schemaJson, schemaOf } from './collection-schema.ts'
import { numberToSend } from './stored-number.ts'

/** What `createCollection` of the client takes. */
export interface CollectionCreation {
  readonly name: string
  readonly metadata?: ChromaMetadata
  readonly configuration?: object
  readonly embeddingFunction: object | null
  readonly schema?: object
}

const METRICS: Readonly<Record<string, Metric>> = { l2: 'euclidean', cosine: 'cosine', ip: 'dot' }
const SPACES: Readonly<Record<Metric, string>> = { euclidean: 'l2', cosine: 'cosine', dot: 'ip' }

/** Collections from before Chroma 1.0 have their metric in the metadata. */
const LEGACY_SPACE_KEY = 'hnsw:space'
const LEGACY_PREFIX = 'hnsw:'

/**
 * A collection as the client describes it. `settings` holds what another one needs to be like it:
 * the parameters of the vector index, the configuration of the embedding function, and the indexes
 * of metadata where they are not Chroma's own choice.
 */
export function toInfo(
  collection: ChromaCollection,
  dimension: number | undefined,
): CollectionInfo {
  const metadata = (collection.metadata ?? {}) as Metadata
  const settings = settingsOf(collection)
  return {
    id: collection.id,
    name: collection.name,
    metric: metricOf(collection),
    ...(dimension === undefined ? {} : { dimension }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  }
}

/** @throws STORE_REJECTED when Chroma can't hold the metadata of the collection */
export function toCreation(spec: CollectionSpec): CollectionCreation {
  const { hnsw, spann, embedding_function: embedding, indexes } = (spec.settings ?? {}) as Settings
  const metadata = toCollectionMetadata(spec.metadata, spec.name)
  const common = { name: spec.name, ...(metadata === undefined ? {} : { metadata }) }
  const space = SPACES[spec.metric]
  if (indexes !== undefined || embedding?.['type'] === 'unknown') {
    // Only a schema can say this, and Chroma takes a schema or a configuration, never both.
    const schema = schemaOf({ space, hnsw, spann, embedding, indexes })
    return { ...common, embeddingFunction: null, schema }
  }
  const index = spann === undefined ? { hnsw: { ...hnsw, space } } : { spann: { ...spann, space } }
  return { ...common, configuration: index, embeddingFunction: keptEmbeddingFunction(embedding) }
}

/**
 * Whether Chroma would make another index of this, because settings in the metadata of a collection,
 * as they were used before 1.0, win over its configuration when it is created.
 */
export function isOverruledByMetadata({ metric, metadata, settings }: CollectionSpec): boolean {
  const legacy = Object.entries(metadata ?? {}).filter(([key]) => key.startsWith(LEGACY_PREFIX))
  if (legacy.length === 0) return false
  const { hnsw } = (settings ?? {}) as Settings
  return legacy.some(([key, value]) => {
    if (key === LEGACY_SPACE_KEY) return value !== SPACES[metric]
    const name = LEGACY_NAMES[key]
    return name === undefined || hnsw?.[name] !== value
  })
}

const LEGACY_NAMES: Readonly<Record<string, string>> = {
  'hnsw:construction_ef': 'ef_construction',
  'hnsw:search_ef': 'ef_search',
  'hnsw:M': 'max_neighbors',
  'hnsw:num_threads': 'num_threads',
  'hnsw:resize_factor': 'resize_factor',
  'hnsw:batch_size': 'batch_size',
  'hnsw:sync_threshold': 'sync_threshold',
}

/** `undefined` when there is none. @throws STORE_REJECTED when Chroma can't hold it */
export function toCollectionMetadata(
  metadata: Metadata | undefined,
  collection: string,
): ChromaMetadata | undefined {
  const entries = Object.entries(metadata ?? {})
  if (entries.length === 0) return undefined
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const problem = keyProblem(key) ?? valueProblem(value)
      if (problem !== undefined) {
        throw new HoldfastError(
          'STORE_REJECTED',
          `Chroma can't keep the metadata of the collection "${collection}": ` +
            `${JSON.stringify(key)} ${problem}`,
          { outcome: 'unchanged', retryable: false, details: { collection, key } },
        )
      }
      return [key, typeof value === 'number' ? numberToSend(value, 'collection') : value]
    }),
  )
}

interface Settings {
  readonly hnsw?: JsonObject
  readonly spann?: JsonObject
  readonly embedding_function?: JsonObject
  readonly indexes?: JsonObject
}

function settingsOf({ configuration, schema }: ChromaCollection): JsonObject {
  const { hnsw, spann, embedding_function } = configuration as Record<string, JsonObject | null>
  const json = schemaJson(schema)
  const indexes = json === undefined ? undefined : ownIndexes(json)
  return {
    ...(hnsw && !spann
      ? { hnsw: { ...withoutSpace(schemaHnsw(json)), ...withoutSpace(hnsw) } }
      : {}),
    ...(spann ? { spann: withoutSpace(spann) } : {}),
    ...(embedding_function ? { embedding_function } : {}),
    ...(indexes === undefined ? {} : { indexes }),
  }
}

/** @throws STORE_REJECTED */
export function metricOf({ configuration, metadata }: ChromaCollection): Metric {
  const { hnsw, spann } = configuration as Settings
  const legacy = ((metadata ?? {}) as Metadata)[LEGACY_SPACE_KEY]
  const space = hnsw?.['space'] ?? spann?.['space'] ?? legacy ?? 'l2'
  const metric = METRICS[String(space)]
  if (metric !== undefined) return metric
  throw new HoldfastError(
    'STORE_REJECTED',
    `Chroma measures a collection by "${space}", which is not known here. Use l2, cosine or ip.`,
    { outcome: 'unchanged', retryable: false, details: { space } },
  )
}

/** What the server did not say is not repeated to it. */
function withoutSpace(parameters: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(parameters).filter(([key, value]) => key !== 'space' && value !== null),
  )
}

/**
 * Something that the client takes for an embedding function, so that it writes down the same
 * configuration again. It never embeds: whoever opens the collection gets the real one.
 */
function keptEmbeddingFunction(configuration: JsonObject | undefined): object | null {
  if (configuration === undefined) return null
  const { type, name, config } = configuration
  if (type === 'legacy') return {}
  return new KeptEmbeddingFunction(String(name), config ?? {})
}

class KeptEmbeddingFunction {
  readonly name: string
  readonly #config: JsonValue

  constructor(name: string, config: JsonValue) {
    this.name = name
    this.#config = config
  }

  /** The client only looks whether there is one. */
  static buildFromConfig(config: JsonValue): KeptEmbeddingFunction {
    return new KeptEmbeddingFunction('', config)
  }

  getConfig(): JsonValue {
    return this.#config
  }
}

function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty. Give the key a name.'
  if (key === '__proto__') return 'gets lost in JavaScript. Rename the key.'
  return /^[#$]/.test(key) ? "begins with a sign of Chroma's filters. Rename the key." : undefined
}

/** Single values only: Chroma 1.4.4 breaks off the connection when it is given a list here. */
function valueProblem(value: JsonValue): string | undefined {
  if (value === null) return 'is null. Leave the key out.'
  if (typeof value === 'object') return 'is a list or an object. Keep it as JSON text.'
  if (typeof value !== 'number' || numberToSend(value, 'collection') !== undefined) return undefined
  return `is ${value}, which Chroma would change in its last digit. Round it to 15 digits.`
}
