import { type CollectionInfo, type CollectionSpec, refOf, type VectorRecord } from '@holdfast/core'
import { ChromaClient, Schema, StringInvertedIndexConfig, VectorIndexConfig } from 'chromadb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter } from '../src/index.ts'
import { type OwnDatabase, ownDatabase, serverAbilities } from './with-chroma.ts'

const { schemas } = await serverAbilities()

const RECORD: VectorRecord = { id: 'r', vector: Float32Array.of(1, 2, 3) }

describe.skipIf(chromaUrl() === undefined)('collections in Chroma', () => {
  let database: OwnDatabase
  let client: ChromaClient
  let store: ChromaAdapter

  beforeEach(async () => {
    database = await ownDatabase()
    client = database.client
    store = new ChromaAdapter({ client })
  })
  afterEach(() => database.remove())

  const infoOf = async (name: string): Promise<CollectionInfo> => {
    const info = await store.getCollection({ name })
    return info ?? expect.unreachable(`there is no ${name}`)
  }
  const specOf = ({ id: _, ...spec }: CollectionInfo): CollectionSpec => spec
  /** A copy made of the description alone is described alike, and Chroma says the same of both. */
  const expectCopy = async (name: string): Promise<CollectionInfo> => {
    const original = await infoOf(name)
    const created = await store.createCollection({ ...specOf(original), name: 'copy' })
    const copy = await infoOf('copy')
    expect(created).toEqual(copy)
    const { dimension: _, ...wanted } = specOf(original)
    expect(specOf(copy)).toEqual({ ...wanted, name: 'copy' })
    const [plain, plainCopy] = await client.getCollections([name, 'copy'])
    expect(plainCopy?.configuration).toEqual(plain?.configuration)
    expect(plainCopy?.metadata).toEqual(plain?.metadata)
    return original
  }

  test('is called after its tenant and database, without an address', () => {
    expect(store.name).toBe(`chroma:default_tenant/${database.name}`)
    const elsewhere = new ChromaClient({ host: '127.0.0.1', port: 1, tenant: 't', database: 'd' })
    expect(new ChromaAdapter({ client: elsewhere }).name).toBe('chroma:t/d')
    const nowhere = Object.create(client, { database: { value: undefined } }) as ChromaClient
    expect(() => new ChromaAdapter({ client: nowhere })).toThrow(TypeError)
  })

  test.each(['l2', 'cosine', 'ip'] as const)('a copy has the same index: %s', async (space) => {
    await client.createCollection({
      name: 'docs',
      embeddingFunction: null,
      metadata: { owner: 'us', ratio: 0.1234567890123456, count: 3, live: true },
      configuration: {
        hnsw: { space, ef_construction: 50, ef_search: 60, max_neighbors: 8, sync_threshold: 500 },
      },
    })
    const info = await expectCopy('docs')
    expect(info.metric).toBe({ l2: 'euclidean', cosine: 'cosine', ip: 'dot' }[space])
    expect(info.settings).toMatchObject({
      hnsw: { ef_construction: 50, ef_search: 60, max_neighbors: 8, sync_threshold: 500 },
    })
  })

  test('a copy has the same embedding function, which need not be installed here', async () => {
    class Embedder {
      readonly name = 'holdfast-test'
      static buildFromConfig(): Embedder {
        return new Embedder()
      }
      getConfig(): Record<string, unknown> {
        return { model: 'small', api_key_env_var: 'KEY' }
      }
      async generate(texts: string[]): Promise<number[][]> {
        return texts.map(() => [1, 2])
      }
    }
    await client.createCollection({ name: 'docs', embeddingFunction: new Embedder() })
    const { settings } = await expectCopy('docs')
    expect(settings?.['embedding_function']).toEqual({
      type: 'known',
      name: 'holdfast-test',
      config: { model: 'small', api_key_env_var: 'KEY' },
    })
  })

  test('a copy of a collection with an embedding function of old has it too', async () => {
    const generate = async (texts: string[]): Promise<number[][]> => texts.map(() => [1, 2])
    await client.createCollection({ name: 'docs', embeddingFunction: { generate } })
    const { settings } = await expectCopy('docs')
    expect(settings?.['embedding_function']).toEqual({ type: 'legacy' })
  })

  test.skipIf(!schemas)('a copy has the same indexes of metadata', async () => {
    const schema = new Schema()
    schema.createIndex(new VectorIndexConfig({ space: 'cosine', hnsw: { ef_construction: 33 } }))
    schema.deleteIndex(new StringInvertedIndexConfig(), 'secret')
    const docs = await client.createCollection({ name: 'docs', schema, embeddingFunction: null })
    const metadatas = [{ secret: 'x', open: 'y' }]
    await docs.add({ ids: ['r'], embeddings: [[1, 2, 3]], metadatas })
    expect(
      Object.keys((await client.getCollection({ name: 'docs' })).schema?.keys ?? {}),
    ).toContain('open')
    const { settings, metric } = await expectCopy('docs')
    expect(metric).toBe('cosine')
    expect(settings).toMatchObject({
      hnsw: { ef_construction: 33 },
      indexes: { keys: { secret: { string: { string_inverted_index: { enabled: false } } } } },
    })
    expect(JSON.stringify(settings)).not.toContain('open')
    const copy = await client.getCollection({ name: 'copy' })
    await copy.add({ ids: ['r'], embeddings: [[1, 2, 3]], metadatas })
    expect((await copy.get({ where: { open: 'y' } })).ids).toEqual(['r'])
    await expect(copy.get({ where: { secret: 'x' } })).rejects.toThrow('indexing is disabled')
  })

  test('a collection whose old settings are in its metadata is copied as it is', async () => {
    const metadata = { 'hnsw:space': 'cosine', 'hnsw:M': 32, 'hnsw:construction_ef': 50 }
    await client.createCollection({ name: 'docs', embeddingFunction: null, metadata })
    const { metric, settings } = await expectCopy('docs')
    expect(metric).toBe('cosine')
    expect(settings).toMatchObject({ hnsw: { max_neighbors: 32, ef_construction: 50 } })
  })

  test('old settings in the metadata that say something else do not change the copy', async () => {
    const docs = await client.createCollection({
      name: 'docs',
      embeddingFunction: null,
      configuration: { hnsw: { space: 'ip', ef_construction: 44 } },
    })
    await docs.modify({ metadata: { 'hnsw:space': 'cosine', note: 'later' } })
    const { metric, settings, metadata } = await expectCopy('docs')
    expect(metric).toBe('dot')
    expect(settings).toMatchObject({ hnsw: { ef_construction: 44 } })
    expect(metadata).toEqual({ 'hnsw:space': 'cosine', note: 'later' })
  })

  test.each([
    ['a list', { tags: ['a'] }],
    ['an object', { nested: { a: 1 } }],
    ['null', { none: null }],
    ['a key without a name', { '': 1 }],
    ['a key of the filters', { $and: 1 }],
    ['a number that would change', { ratio: 1 / 11 }],
  ])('metadata of a collection with %s is refused before it is sent', async (_, metadata) => {
    const creation = store.createCollection({ name: 'docs', metric: 'cosine', metadata })
    await expect(creation).rejects.toMatchObject({ code: 'STORE_REJECTED', outcome: 'unchanged' })
    const docs = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    const renaming = store.renameCollection({ from: docs, to: 'papers', metadata })
    await expect(renaming).rejects.toMatchObject({ code: 'STORE_REJECTED', outcome: 'unchanged' })
    expect((await infoOf('docs')).metadata).toBeUndefined()
  })

  test('the dimension is known for good, also when all records are gone', async () => {
    const docs = refOf(await store.createCollection({ name: 'docs', metric: 'euclidean' }))
    expect((await infoOf('docs')).dimension).toBeUndefined()
    await store.putRecords(docs, [RECORD])
    expect((await infoOf('docs')).dimension).toBe(3)
    await store.deleteRecords(docs, ['r'])
    const other = new ChromaAdapter({ client })
    expect((await other.getCollection(docs))?.dimension).toBe(3)
    const one = refOf(await store.createCollection({ name: 'one', metric: 'euclidean' }))
    await store.putRecords(one, [{ id: 'r', vector: Float32Array.of(5) }])
    expect((await infoOf('one')).dimension).toBe(1)
  })

  test('a drop by id never hits the collection that has the name by now', async () => {
    const docs = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    await (await client.getCollection({ name: 'docs' })).modify({ name: 'moved' })
    const heir = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    await store.dropCollection(docs)
    expect(await store.getCollection({ name: 'moved' })).toBeUndefined()
    expect(await store.getCollection(docs)).toBeUndefined()
    expect((await infoOf('docs')).id).toBe(heir.id)
  })

  test('the request that drops can not hit another collection, however late it is', async () => {
    const docs = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    let late: (() => Promise<unknown>) | undefined
    const slow = Object.create(client, {
      deleteCollection: {
        value: (args: { name: string }) => {
          late = () => client.deleteCollection(args)
          return Promise.reject(new TypeError('fetch failed'))
        },
      },
    }) as ChromaClient
    const dropping = new ChromaAdapter({ client: slow }).dropCollection(docs)
    await expect(dropping).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'unknown' })
    // The collection is still found by its id, so that whoever recovers can drop it again.
    expect((await store.getCollection(docs))?.id).toBe(docs.id)
    await store.dropCollection(docs)
    const heir = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    await expect(late?.()).rejects.toThrow('could not be found')
    expect((await infoOf('docs')).id).toBe(heir.id)
  })

  test('a client that can not find by id looks through the list', async () => {
    const docs = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    const older = Object.create(client, { getCollectionById: { value: undefined } }) as ChromaClient
    const other = new ChromaAdapter({ client: older })
    expect((await other.getCollection(docs))?.name).toBe('docs')
    await other.renameCollection({ from: docs, to: 'papers' })
    expect((await other.getCollection(docs))?.name).toBe('papers')
    await other.dropCollection(docs)
    expect(await other.getCollection(docs)).toBeUndefined()
  })

  test('a server that does not know the route is not taken for one that has lost it', async () => {
    const docs = refOf(await store.createCollection({ name: 'docs', metric: 'cosine' }))
    const missing = await client.getCollection({ name: 'missing' }).catch((error) => error)
    const older = Object.create(client, {
      getCollectionById: { value: () => Promise.reject(missing) },
    }) as ChromaClient
    const other = new ChromaAdapter({ client: older })
    expect((await other.getCollection(docs))?.name).toBe('docs')
    await other.dropCollection(docs)
    expect(await other.getCollection(docs)).toBeUndefined()
  })

  test('many collections are listed, each once', async () => {
    const names = Array.from({ length: 105 }, (_, index) => `docs-${index}`)
    for (const name of names) await client.createCollection({ name, embeddingFunction: null })
    const listed: string[] = []
    for await (const { name } of store.listCollections()) listed.push(name)
    expect(listed.sort()).toEqual(names.sort())
  })
})
