import { createServer } from 'node:net'
import { isHoldfastError, type VectorStoreAdapter } from '@holdfast/core'
import { ChromaClient, type Collection } from 'chromadb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter } from '../src/index.ts'
import { type OwnDatabase, ownDatabase } from './with-chroma.ts'

const LEGACY = { 'hnsw:space': 'cosine', note: 'kept' }
const SPEC = { name: 'docs', metric: 'dot', metadata: LEGACY } as const
const RECORD = { id: 'r', vector: Float32Array.of(1, 2) }

describe.skipIf(chromaUrl() === undefined)('when Chroma fails', () => {
  let database: OwnDatabase
  let client: ChromaClient
  let store: ChromaAdapter

  beforeEach(async () => {
    database = await ownDatabase()
    client = database.client
    store = new ChromaAdapter({ client })
  })
  afterEach(() => database.remove())

  /** The real client, except for one of its methods. */
  const changed = (method: keyof ChromaClient, value: unknown): ChromaAdapter =>
    new ChromaAdapter({ client: Object.create(client, { [method]: { value } }) as ChromaClient })

  test('a server that is away is told by every call, and whether something may have changed', async () => {
    const docs = await store.createCollection({ name: 'docs', metric: 'dot' })
    const port = await closedPort()
    const away = new ChromaClient({ host: '127.0.0.1', port, database: database.name })
    const known = new ChromaAdapter({ client })
    await known.getCollection(docs)
    const unknown = new ChromaAdapter({ client: away })
    const calls: [string, (adapter: VectorStoreAdapter) => Promise<unknown>][] = [
      ['unchanged', (adapter) => adapter.getCollection({ name: 'docs' })],
      ['unchanged', (adapter) => adapter.getCollection(docs)],
      ['unchanged', (adapter) => drain(adapter.listCollections())],
      ['unchanged', (adapter) => drain(adapter.readRecords(docs))],
      ['unchanged', (adapter) => adapter.getRecords(docs, ['r'])],
      ['unchanged', (adapter) => adapter.engineVersion()],
      ['unchanged', (adapter) => adapter.dropCollection(docs)],
      ['unknown', (adapter) => adapter.createCollection({ name: 'new', metric: 'dot' })],
    ]
    for (const [outcome, call] of calls) {
      const wanted = { code: 'STORE_UNAVAILABLE', retryable: true, outcome }
      await expect(call(unknown)).rejects.toMatchObject(wanted)
    }
  })

  test('a connection that breaks off during a change leaves the outcome unknown', async () => {
    const docs = await store.createCollection({ name: 'docs', metric: 'dot' })
    await store.putRecords(docs, [RECORD])
    const broken = changed('getCollectionById', async (id: string): Promise<Collection> => {
      const real = await client.getCollectionById(id).catch(() => client.getCollection(docs))
      const breaks = { value: () => Promise.reject(new TypeError('terminated')) }
      return Object.create(real, { modify: breaks, upsert: breaks, delete: breaks, count: breaks })
    })
    const changes = [
      () => broken.renameCollection({ from: docs, to: 'papers' }),
      () => broken.dropCollection(docs),
      () => broken.putRecords(docs, [RECORD]),
      () => broken.deleteRecords(docs, ['r']),
    ]
    for (const change of changes) {
      await expect(change()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome: 'unknown',
      })
    }
    await expect(broken.countRecords(docs)).rejects.toMatchObject({ outcome: 'unchanged' })
    expect(await store.countRecords(docs)).toBe(1)
  })

  test('a collection that can not be made in full is not left half made', async () => {
    const fails = changed(
      'createCollection',
      async (args: Parameters<typeof client.createCollection>[0]) =>
        Object.create(await client.createCollection(args), {
          modify: { value: () => Promise.reject(new TypeError('terminated')) },
        }),
    )
    const error = await fails.createCollection(SPEC).catch((reason: unknown) => reason)
    expect(isHoldfastError(error) && error.outcome).toBe('unchanged')
    expect(await store.getCollection({ name: 'docs' })).toBeUndefined()

    const made = await store.createCollection(SPEC)
    expect(made).toMatchObject({ metric: 'dot', metadata: LEGACY })
  })

  test('a collection of another metric than asked for is not kept', async () => {
    const wrong = changed('createCollection', () =>
      client.createCollection({ name: 'docs', embeddingFunction: null }),
    )
    const creation = wrong.createCollection({ name: 'docs', metric: 'dot' })
    await expect(creation).rejects.toMatchObject({ code: 'STORE_REJECTED', outcome: 'unchanged' })
    expect(await store.getCollection({ name: 'docs' })).toBeUndefined()
  })
})

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) expect.unreachable('the server is away')
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : expect.unreachable()
}
