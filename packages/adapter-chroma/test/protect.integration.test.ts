import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConsistencyManager, isHoldfastError, openConsistencyManager } from '@holdfast/core'
import { ChromaClient, ChromaNotFoundError, ChromaUniqueError, type Collection } from 'chromadb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter, protect } from '../src/index.ts'
import { type OwnDatabase, ownDatabase } from './with-chroma.ts'

describe.skipIf(chromaUrl() === undefined)('a protected client', () => {
  let database: OwnDatabase
  let directory: string
  let plain: ChromaClient
  let manager: ConsistencyManager
  let client: ChromaClient

  beforeEach(async () => {
    database = await ownDatabase()
    plain = database.client
    directory = await mkdtemp(join(tmpdir(), 'holdfast-protect-'))
    const store = new ChromaAdapter({ client: plain })
    manager = await openConsistencyManager({ store, directory })
    client = protect(plain, manager)
  })

  afterEach(async () => {
    await manager.close()
    await database.remove()
    await rm(directory, { recursive: true, force: true })
  })

  const create = async (name: string, metadata?: Record<string, string>): Promise<Collection> => {
    const created = await client.createCollection({
      name,
      embeddingFunction: null,
      ...(metadata && { metadata }),
    })
    await created.add({
      ids: ['a', 'b'],
      embeddings: [
        [1, 0],
        [0, 1],
      ],
      documents: ['x', 'y'],
      metadatas: [{ tag: 'one' }, { score: 0.1234567890123456 }],
      uris: ['file:a', 'file:b'],
    })
    return created
  }
  const names = async (): Promise<string[]> =>
    (await plain.listCollections()).map(({ name }) => name).sort()
  const rejection = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => expect.unreachable('it went through'),
      (error: unknown) => error,
    )

  test('deletes a collection by an operation that can be taken back', async () => {
    const everything = { include: ['documents', 'embeddings', 'metadatas', 'uris'] as const }
    const before = await (await create('docs', { owner: 'us' })).get({
      include: [...everything.include],
    })
    await expect(client.deleteCollection({ name: 'docs' })).resolves.toBeUndefined()
    expect(await names()).toEqual([])

    const [operation] = await manager.history()
    expect(operation).toMatchObject({ kind: 'collection:delete', state: 'committed' })
    await manager.operations.undelete(operation?.operationId ?? '')
    const restored = await plain.getCollection({ name: 'docs' })
    expect(restored.metadata).toEqual({ owner: 'us' })
    const after = await restored.get({ include: [...everything.include] })
    expect(after.rows()).toEqual(before.rows())
  })

  test('renames a collection by an operation, whoever the object came from', async () => {
    await create('docs0')
    const objects: (() => Promise<Collection | undefined>)[] = [
      () => client.getCollection({ name: 'docs0' }),
      async () => (await client.listCollections()).at(0),
      async () => (await client.getCollections(['docs2'])).at(0),
      () => client.getOrCreateCollection({ name: 'docs3', embeddingFunction: null }),
    ]
    for (const [index, object] of objects.entries()) {
      const collection = await object()
      await collection?.modify({ name: `docs${index + 1}` })
      expect(collection?.name).toBe(`docs${index + 1}`)
      expect(await names()).toEqual([`docs${index + 1}`])
    }
    const kinds = (await manager.history()).map(({ kind, state }) => `${kind} ${state}`)
    expect(kinds).toEqual(objects.map(() => 'collection:rename committed'))
  })

  test('renames the collection that the object stands for, whatever it is called by now', async () => {
    const docs = await create('docs')
    await (await plain.getCollection({ name: 'docs' })).modify({ name: 'moved' })
    await plain.createCollection({ name: 'docs', embeddingFunction: null })
    await docs.modify({ name: 'final' })
    expect(await names()).toEqual(['docs', 'final'])
    expect((await plain.getCollection({ name: 'final' })).id).toBe(docs.id)
  })

  test('changes metadata and configuration after the name, and without one as ever', async () => {
    const docs = await create('docs', { old: 'yes' })
    await docs.modify({
      name: 'papers',
      metadata: { fresh: 'yes' },
      configuration: { hnsw: { ef_search: 77 } },
    })
    const papers = await plain.getCollection({ name: 'papers' })
    expect(papers.metadata).toEqual({ fresh: 'yes' })
    expect(papers.configuration.hnsw?.ef_search).toBe(77)
    expect(docs.metadata).toEqual({ fresh: 'yes' })
    await docs.modify({ metadata: { fresh: 'again' } })
    expect((await plain.getCollection({ name: 'papers' })).metadata).toEqual({ fresh: 'again' })
    expect(await manager.history()).toHaveLength(1)
  })

  test('keeps a name that Chroma can not take in the metadata', async () => {
    const docs = await create('docs', { owner: 'us' })
    await docs.modify({ name: 'Dépenses 2026', metadata: { owner: 'them' } })
    const [name = ''] = await names()
    expect(docs.name).toBe(name)
    expect(name).not.toBe('docs')
    const { metadata } = await plain.getCollection({ name })
    expect(metadata).toEqual({ owner: 'them', original_name: 'Dépenses 2026' })
    expect(docs.metadata).toEqual(metadata)
    await client.deleteCollection({ name: 'Dépenses 2026' })
    expect(await names()).toEqual([])
  })

  test('finds a collection by a name that Chroma can not take', async () => {
    const { id } = await create('docs')
    const name = 'Straße & Söhne 1'
    await (await client.getCollection({ name: 'docs' })).modify({ name })
    const found = [
      await client.getCollection({ name }),
      await client.getCollection({ name: name.normalize('NFD') }),
      ...(await client.getCollections([name])),
      ...(await client.getCollections([{ name }])),
      await client.getOrCreateCollection({ name, embeddingFunction: null }),
    ]
    expect(found.map((collection) => collection.id)).toEqual(found.map(() => id))
    expect(await names()).toEqual([found[0]?.name])
    // Also what is found like this is protected.
    await found.at(-1)?.modify({ name: 'papers' })
    expect((await manager.history()).map(({ kind }) => kind)).toEqual(
      Array(2).fill('collection:rename'),
    )
  })

  test('rejects as Chroma does where there is no collection of that display name', async () => {
    const name = 'Straße 1'
    expect(await rejection(client.getCollection({ name }))).toBeInstanceOf(ChromaNotFoundError)
    for (const make of ['createCollection', 'getOrCreateCollection'] as const) {
      const args = { name, embeddingFunction: null }
      const refused = await rejection(client[make](args))
      expect(refused).toEqual(await rejection(plain[make](args)))
    }
    expect(await names()).toEqual([])
  })

  test('does not choose between two collections of the same display name', async () => {
    await create('coll_1', { original_name: 'Straße 1' })
    await create('coll_2', { original_name: 'Straße 1' })
    expect(await rejection(client.getCollection({ name: 'Straße 1' }))).toMatchObject({
      code: 'COLLECTION_NAME_AMBIGUOUS',
    })
  })

  test('keeps the display name when the metadata changes, whatever the object knows', async () => {
    const docs = await create('docs')
    await (await client.getCollection({ name: 'docs' })).modify({ name: 'Straße 1' })
    expect(docs.name).toBe('docs')
    await docs.modify({ metadata: { owner: 'us' } })
    const [name = ''] = await names()
    const stored = async (): Promise<unknown> => (await plain.getCollection({ name })).metadata
    expect(await stored()).toEqual({ owner: 'us', original_name: 'Straße 1' })
    expect(docs.metadata).toEqual(await stored())
    await docs.modify({ metadata: { owner: 'them' } })
    await docs.modify({ configuration: { hnsw: { ef_search: 77 } } })
    expect(await stored()).toEqual({ owner: 'them', original_name: 'Straße 1' })
    expect((await client.getCollection({ name: 'Straße 1' })).id).toBe(docs.id)
  })

  test('takes the name that a collection has already for no error, as Chroma does', async () => {
    const docs = await create('docs')
    await docs.modify({ name: 'docs' })
    expect(docs.name).toBe('docs')
    await (await plain.getCollection({ name: 'docs' })).modify({ name: 'papers' })
    await docs.modify({ name: 'papers' })
    expect(docs.name).toBe('papers')
    await docs.modify({ name: 'Straße 1' })
    const { name } = docs
    await docs.modify({ name: 'Straße 1' })
    expect(docs.name).toBe(name)
  })

  test('rejects with the error of the client where a backend catches that', async () => {
    const missing = await rejection(client.deleteCollection({ name: 'docs' }))
    expect(missing).toBeInstanceOf(ChromaNotFoundError)
    expect((missing as Error).cause).toMatchObject({ code: 'COLLECTION_NOT_FOUND' })

    const docs = await create('docs')
    await create('papers')
    const taken = await rejection(docs.modify({ name: 'papers' }))
    expect(taken).toBeInstanceOf(ChromaUniqueError)
    expect((taken as Error).cause).toMatchObject({
      code: 'COLLECTION_EXISTS',
      outcome: 'unchanged',
    })
    expect(docs.name).toBe('docs')
    expect(await names()).toEqual(['docs', 'papers'])

    await plain.deleteCollection({ name: 'docs' })
    expect(await rejection(docs.modify({ name: 'other' }))).toBeInstanceOf(ChromaNotFoundError)

    await manager.close()
    const closed = await rejection(client.deleteCollection({ name: 'papers' }))
    expect(isHoldfastError(closed) && closed.code).toBe('MANAGER_CLOSED')
    expect(await names()).toEqual(['papers'])
  })

  test('leaves everything else as it is', async () => {
    const docs = await create('docs')
    expect(client).toBeInstanceOf(ChromaClient)
    expect(client.tenant).toBe(plain.tenant)
    expect(client.database).toBe(database.name)
    expect(await client.heartbeat()).toBeGreaterThan(0)
    expect(await client.countCollections()).toBe(1)
    expect(client.heartbeat).toBe(client.heartbeat)
    expect(await docs.count()).toBe(2)
    expect((await docs.get({ ids: ['a'] })).documents).toEqual(['x'])
    expect((await docs.query({ queryEmbeddings: [[1, 0.1]], nResults: 1 })).ids).toEqual([['a']])
    expect(await docs.delete({ ids: ['a'] })).toHaveProperty('deleted')
    expect(docs.tenant).toBe('default_tenant')
    const handle = client.collection(docs.id)
    expect(await handle.count()).toBe(1)
    await expect(handle.modify({ name: 'other' })).rejects.toThrow('not supported')
    await expect(docs.modify({ name: '' })).rejects.toThrow()
    await expect(client.getCollection({ name: 'missing' })).rejects.toThrow(ChromaNotFoundError)
    expect(await manager.history()).toEqual([])
  })

  test('is made of a plain client once, and is no store', () => {
    expect(() => protect(client, manager)).toThrow(TypeError)
    expect(() => new ChromaAdapter({ client })).toThrow('takes the plain client')
  })
})
