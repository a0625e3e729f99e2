import { check } from './demo-error.mjs'
import { embed } from './embed.mjs'
import { listCollections } from './store.mjs'
import { countOf, ok, say, seconds } from './terminal.mjs'

const BATCH = 500
/** Distances are float32 on their way to us. */
const DISTANCE_TOLERANCE = 1e-5

/**
 * @typedef {object} Dataset
 * @property {string} name of its collection, at first
 * @property {number} count
 * @property {string} question what somebody may look for in it
 * @property {Hit} hit what was found at first
 *
 * @typedef {object} Hit
 * @property {string} id
 * @property {string} document
 * @property {number} distance
 */

/**
 * Fills a new collection, through the plain client, as any backend would.
 *
 * @param {import('./server.mjs').Server} server
 * @param {{ name: string, question: string, texts: () => import('./texts.mjs').Text[] }} source
 * @param {AbortSignal} signal
 * @returns {Promise<Dataset>}
 */
export async function fill({ client, prefix, metadata }, { name, question, texts: write }, signal) {
  const startedAt = performance.now()
  const texts = write()
  const collection = await client.createCollection({
    name: `${prefix}${name}`,
    metadata: { topic: name, ...metadata },
    configuration: { hnsw: { space: 'cosine' } },
    embeddingFunction: null,
  })
  for (let start = 0; start < texts.length; start += BATCH) {
    signal.throwIfAborted()
    const batch = texts.slice(start, start + BATCH)
    await collection.add({
      ids: batch.map(({ id }) => id),
      documents: batch.map(({ document }) => document),
      metadatas: batch.map(({ metadata: facts }) => facts),
      embeddings: batch.map(({ document }) => embed(document)),
    })
  }
  const count = await collection.count()
  check(count === texts.length, `${collection.name} has ${count} of ${texts.length} records.`)
  ok(`${collection.name}: ${countOf(count)} texts in ${seconds(performance.now() - startedAt)}`)
  return { name: collection.name, count, question, hit: await search(collection, question) }
}

/**
 * The nearest text.
 *
 * @param {import('chromadb').Collection} collection
 * @param {string} question
 * @returns {Promise<Hit>}
 */
async function search(collection, question) {
  const { ids, documents, distances } = await collection.query({
    queryEmbeddings: [embed(question)],
    nResults: 1,
    include: ['documents', 'distances'],
  })
  return {
    id: ids[0]?.[0] ?? '',
    document: documents[0]?.[0] ?? '',
    distance: distances[0]?.[0] ?? Number.NaN,
  }
}

/** @param {Dataset} dataset */
export function showSearch({ name, question, hit }) {
  say(`\n  Search in ${name}: “${question}”`)
  say(`    → ${hit.id} (similarity ${(1 - hit.distance).toFixed(2)}): “${hit.document}”`)
}

/**
 * Checks that a collection is whole: as many records as before, and the same search finds the same.
 *
 * @param {import('./server.mjs').Server} server
 * @param {Dataset} dataset
 * @param {string} name
 */
export async function checkWhole({ client }, { count, question, hit }, name) {
  const collection = await client.getCollection({ name })
  const found = await collection.count()
  check(found === count, `${name} has ${found} records instead of ${count}.`)
  const { id, distance } = await search(collection, question)
  const same = id === hit.id && Math.abs(distance - hit.distance) < DISTANCE_TOLERANCE
  check(same, `The search in ${name} finds ${id} instead of ${hit.id}.`)
  ok(`${name} is whole: ${countOf(found)} records, and the search finds ${id} as before.`)
}

/**
 * @param {import('./server.mjs').Server} server
 * @param {string} name
 */
export async function exists({ client }, name) {
  const collections = await listCollections(client)
  return collections.some((collection) => collection.name === name)
}
