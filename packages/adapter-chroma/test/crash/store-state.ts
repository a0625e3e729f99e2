import { isDeepStrictEqual } from 'node:util'
import type { Metadata, VectorRecord } from '@holdfast/core'
import type { ChromaClient, Collection } from 'chromadb'
import { patiently } from './patiently.ts'

/** What Chroma holds, as its own client tells it: nothing of ours is trusted here. */
export type StoreState = ReadonlyMap<string, CollectionState>

export interface CollectionState {
  readonly metadata: Metadata
  readonly space: string
  readonly records: ReadonlyMap<string, VectorRecord>
}

const PAGE_RECORDS = 1_000
/** Chroma normalizes vectors under cosine; each copy may round once more. Relative to the length. */
const VECTOR_TOLERANCE = 1e-5
const IDS_SHOWN_MAX = 5

/** All collections whose name begins with `prefix`. */
export async function readState(client: ChromaClient, prefix: string): Promise<StoreState> {
  const state = new Map<string, CollectionState>()
  for (const collection of await collectionsOf(client, prefix)) {
    state.set(collection.name, await readCollection(collection))
  }
  return state
}

export async function dropAll(client: ChromaClient, prefix: string): Promise<void> {
  for (const { name } of await collectionsOf(client, prefix)) {
    await patiently(() => client.deleteCollection({ name }))
  }
}

export function stateOf(
  records: readonly VectorRecord[],
  { metadata, space }: Pick<CollectionState, 'metadata' | 'space'>,
): CollectionState {
  return { metadata, space, records: new Map(records.map((record) => [record.id, record])) }
}

/** What is not as it was expected, in words. Empty when all is the same. */
export function differences(actual: StoreState, expected: StoreState): readonly string[] {
  const found: string[] = []
  for (const name of expected.keys()) {
    if (!actual.has(name)) found.push(`there is no ${name}`)
  }
  for (const [name, collection] of actual) {
    const wanted = expected.get(name)
    if (wanted === undefined) {
      found.push(`there is a ${name} with ${collection.records.size} records`)
    } else {
      for (const difference of collectionDifferences(collection, wanted)) {
        found.push(`${name}: ${difference}`)
      }
    }
  }
  return found
}

async function collectionsOf(client: ChromaClient, prefix: string): Promise<readonly Collection[]> {
  const found: Collection[] = []
  for (let offset = 0; ; offset += PAGE_RECORDS) {
    const page = await client.listCollections({ limit: PAGE_RECORDS, offset })
    found.push(...page.filter(({ name }) => name.startsWith(prefix)))
    if (page.length < PAGE_RECORDS) return found
  }
}

async function readCollection(collection: Collection): Promise<CollectionState> {
  const records = new Map<string, VectorRecord>()
  for (let offset = 0; ; offset += PAGE_RECORDS) {
    const { ids, embeddings, metadatas, documents } = await collection.get({
      include: ['embeddings', 'metadatas', 'documents'],
      limit: PAGE_RECORDS,
      offset,
    })
    for (const [index, id] of ids.entries()) {
      const metadata = metadatas[index] as Metadata | null
      const text = documents[index]
      records.set(id, {
        id,
        vector: Float32Array.from(embeddings[index] ?? []),
        ...(metadata === null || Object.keys(metadata).length === 0 ? {} : { metadata }),
        ...(typeof text === 'string' ? { text } : {}),
      })
    }
    if (ids.length < PAGE_RECORDS) break
  }
  const { configuration, metadata } = collection
  return {
    metadata: (metadata ?? {}) as Metadata,
    space: String(configuration.hnsw?.space),
    records,
  }
}

function* collectionDifferences(
  actual: CollectionState,
  expected: CollectionState,
): Generator<string> {
  if (!isDeepStrictEqual({ ...actual.metadata }, { ...expected.metadata })) {
    yield `metadata ${JSON.stringify(actual.metadata)} instead of ${JSON.stringify(expected.metadata)}`
  }
  if (actual.space !== expected.space) yield `space ${actual.space} instead of ${expected.space}`
  const { records } = actual
  const missing = [...expected.records.keys()].filter((id) => !records.has(id))
  const surplus = [...records.keys()].filter((id) => !expected.records.has(id))
  const wrong = [...records.values()].filter((record) => {
    const wanted = expected.records.get(record.id)
    return wanted !== undefined && !isSame(record, wanted)
  })
  if (missing.length > 0) yield `lacks ${shown(missing)}`
  if (surplus.length > 0) yield `also has ${shown(surplus)}`
  if (wrong.length > 0) yield `differs in ${shown(wrong.map(({ id }) => id))}`
}

function isSame(a: VectorRecord, b: VectorRecord): boolean {
  return (
    a.text === b.text &&
    isDeepStrictEqual({ ...a.metadata }, { ...b.metadata }) &&
    isNear(a.vector, b.vector)
  )
}

function isNear(a: Float32Array, b: Float32Array): boolean {
  const length = Math.hypot(...b)
  return (
    a.length === b.length &&
    a.every((value, index) => Math.abs(value - (b[index] ?? 0)) <= VECTOR_TOLERANCE * length)
  )
}

function shown(ids: readonly string[]): string {
  const more = ids.length > IDS_SHOWN_MAX ? ', …' : ''
  return `${ids.length} records (${ids.slice(0, IDS_SHOWN_MAX).join(', ')}${more})`
}
