import {
  type CollectionRef,
  type Metric,
  refOf,
  sameRecord,
  VECTOR_TOLERANCE_NORMALIZED,
  type VectorRecord,
} from '@holdfast/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter } from '../src/index.ts'
import { arbitraryBatch, arbitraryRecord } from './arbitrary-record.ts'
import { type OwnDatabase, ownDatabase, serverAbilities } from './with-chroma.ts'

const { lists } = await serverAbilities()

const effort = Number(process.env['EFFORT'] ?? 1)
const seed = Number(process.env['SEED'] ?? Date.now())

describe.skipIf(chromaUrl() === undefined)('records in Chroma', () => {
  let database: OwnDatabase
  let store: ChromaAdapter
  let counter = 0

  beforeAll(async () => {
    database = await ownDatabase()
    store = new ChromaAdapter({ client: database.client })
  })
  afterAll(() => database.remove())

  const create = async (metric: Metric = 'euclidean'): Promise<CollectionRef> =>
    refOf(await store.createCollection({ name: `records-${counter++}`, metric }))
  const readAll = async (ref: CollectionRef): Promise<Map<string, VectorRecord>> => {
    const found = new Map<string, VectorRecord>()
    for await (const batch of store.readRecords(ref)) {
      for (const record of batch) {
        expect(found.has(record.id)).toBe(false)
        found.set(record.id, record)
      }
    }
    return found
  }
  const plain = async (ref: CollectionRef) => database.client.getCollection({ name: ref.name })

  test.each<[Metric, number]>([
    ['euclidean', 0],
    ['cosine', VECTOR_TOLERANCE_NORMALIZED],
  ])('what is accepted comes back, whatever was there before (%s)', async (metric, tolerance) => {
    const step = fc.record({ put: arbitraryBatch, remove: fc.subarray(['a', 'b', 'é']) })
    const steps = fc.array(step, { minLength: 1, maxLength: 6 })
    let accepted = 0
    let refused = 0
    const property = fc.asyncProperty(steps, async (sequence) => {
      const ref = await create(metric)
      const model = new Map<string, VectorRecord>()
      for (const { put, remove } of sequence) {
        const records = put.filter((record) => {
          if (metric === 'cosine' && record.vector.every((x) => Math.abs(x) < 1e-15)) return false
          if (!lists && hasList(record)) return false
          const problem = store.recordProblem(record)
          if (problem === undefined) accepted++
          else refused++
          return problem === undefined
        })
        await store.putRecords(ref, records)
        for (const record of records) model.set(record.id, record)
        await store.deleteRecords(ref, remove)
        for (const id of remove) model.delete(id)
        const found = await readAll(ref)
        expect([...found.keys()].sort()).toEqual([...model.keys()].sort())
        for (const [id, record] of model) {
          const there = found.get(id) as VectorRecord
          expect(sameRecord(record, there, tolerance), show(record, there)).toBe(true)
        }
      }
      await store.dropCollection(ref)
    })
    await fc.assert(property, { seed, numRuns: 12 * effort })
    expect(Math.min(accepted, refused)).toBeGreaterThan(0)
  })

  test('numbers come back to the last bit, or are refused before they are sent', async () => {
    const ref = await create()
    const numbers = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      seed,
      numRuns: 400,
    })
    numbers.push(...fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed, numRuns: 400 }))
    const records = numbers
      .flatMap((value): VectorRecord[] => [
        { id: '', vector: Float32Array.of(1, 2), metadata: { value } },
        { id: '', vector: Float32Array.of(1, 2), metadata: { value: [value, 0.5] } },
      ])
      .filter((record) => lists || !hasList(record))
      .map((record, index) => ({ ...record, id: `r${index}` }))
    const taken = records.filter((record) => store.recordProblem(record) === undefined)
    expect(taken.length).toBeGreaterThan(records.length * 0.7)
    await store.putRecords(ref, taken)
    const found = await readAll(ref)
    for (const record of taken) {
      const there = found.get(record.id) as VectorRecord
      expect(sameRecord(record, there, 0), show(record, there)).toBe(true)
    }
    // What is refused would in truth have been changed: the plain client shows it.
    const refused = records.filter((record) => store.recordProblem(record) !== undefined)
    expect(refused.length).toBeGreaterThan(0)
    const collection = await plain(ref)
    const metadatas = refused.map(({ metadata }) => metadata as { value: number })
    const ids = refused.map(({ id }) => id)
    const embeddings = refused.map(() => [1, 2])
    await collection.upsert({ ids, embeddings, metadatas })
    for (const record of (await collection.get({ ids })).rows()) {
      const sent = refused.find(({ id }) => id === record.id)?.metadata
      expect(record.metadata).not.toEqual(sent)
    }
  })

  test('a record keeps its URI, and loses it when it is replaced without', async () => {
    const ref = await create()
    const vector = Float32Array.of(1, 2)
    const collection = await plain(ref)
    await collection.add({
      ids: ['a', 'b'],
      embeddings: [
        [1, 2],
        [1, 2],
      ],
      uris: ['file:a', ''],
      metadatas: [{ k: 1 }, { k: 2 }],
    })
    const records = await store.getRecords(ref, ['a', 'b'])
    // What the plain client adds may come up with lists of others; see the next test.
    expect(records.map(({ metadata }) => metadata)).toMatchObject([
      { k: 1, 'chroma:uri': 'file:a' },
      { k: 2, 'chroma:uri': '' },
    ])
    const copy = await create()
    await store.putRecords(copy, records)
    const copied = await (await plain(copy)).get({ include: ['uris', 'metadatas'] })
    expect(copied.rows()).toMatchObject([
      { id: 'a', uri: 'file:a', metadata: { k: 1 } },
      { id: 'b', uri: '', metadata: { k: 2 } },
    ])
    await store.putRecords(copy, [{ id: 'a', vector }])
    const [replaced] = (await (await plain(copy)).get({ ids: ['a'], include: ['uris'] })).rows()
    expect(replaced?.uri).toBeNull()
  })

  test.skipIf(!lists)('lists that Chroma gives to the wrong record are taken from it', async () => {
    const old = await create()
    const records = Array.from({ length: 20 }, (_, index) => ({
      id: `old${index}`,
      vector: Float32Array.of(1, index),
      metadata: { secret: ['one', 'two'], index },
    }))
    const ref = await create()
    await store.putRecords(old, records)
    await store.dropCollection(old)
    const fresh = records.map(({ vector }, index) => ({ id: `new${index}`, vector }))
    await store.putRecords(ref, fresh)
    for (const record of (await readAll(ref)).values()) expect(record.metadata).toBeUndefined()
  })

  test('more records than the server takes at once go in several calls', async () => {
    const { client } = database
    const limits = { max_batch_size: 7, supports_base64_encoding: true }
    const before = client.preflightChecks
    Reflect.set(client, 'preflightChecks', limits)
    try {
      const ref = await create()
      const records = Array.from({ length: 30 }, (_, index) => ({
        id: `r${index}`,
        vector: Float32Array.of(index, 1),
      }))
      await store.putRecords(ref, records)
      const all = records.map(({ id }) => id)
      expect(await store.getRecords(ref, all)).toHaveLength(30)
      expect((await readAll(ref)).size).toBe(30)
      await store.deleteRecords(ref, all)
      expect(await store.countRecords(ref)).toBe(0)
    } finally {
      Reflect.set(client, 'preflightChecks', before)
    }
  })

  test('vectors that Chroma loses under cosine are refused, and told when they are read', async () => {
    const ref = await create('cosine')
    for (const components of [
      [1e19, 1e19],
      [1e-20, 0],
      [3e38, 1],
    ]) {
      const put = store.putRecords(ref, [{ id: 'r', vector: Float32Array.from(components) }])
      await expect(put).rejects.toMatchObject({ code: 'RECORD_INVALID', outcome: 'unchanged' })
    }
    await store.putRecords(ref, [{ id: 'good', vector: Float32Array.of(1e17, 1e17) }])
    await (await plain(ref)).add({ ids: ['lost'], embeddings: [[3e19, 3e19]] })
    await expect(readAll(ref)).rejects.toMatchObject({
      code: 'STORE_REJECTED',
      details: { recordId: 'lost' },
    })
    expect(await store.getRecords(ref, ['good'])).toHaveLength(1)
  })

  test('a batch with one wrong record is refused as a whole', async () => {
    const ref = await create()
    const good = { id: 'good', vector: Float32Array.of(1, 2) }
    const wrong = { ...good, id: 'wrong', metadata: { 'chroma:document': 5 } }
    const put = store.putRecords(ref, [good, wrong])
    await expect(put).rejects.toMatchObject({ code: 'RECORD_INVALID', outcome: 'unchanged' })
    expect(await store.countRecords(ref)).toBe(0)
  })

  test('a later part that fails leaves the outcome unknown, the first one does not', async () => {
    const ref = await create()
    const long = Float32Array.from({ length: 20_000 }, () => 0.5)
    const records = [
      { id: 'a', vector: long },
      { id: 'b', vector: long },
      { id: 'c', vector: long.slice(1) },
    ]
    const put = store.putRecords(ref, records)
    await expect(put).rejects.toMatchObject({ code: 'RECORD_INVALID', outcome: 'unknown' })
    const again = store.putRecords(ref, records.slice(2))
    await expect(again).rejects.toMatchObject({ code: 'RECORD_INVALID', outcome: 'unchanged' })
  })

  test('a read that is given up while pages are on their way disturbs nobody', async () => {
    const ref = await create()
    const records = fc
      .sample(arbitraryRecord, { seed, numRuns: 1 })
      .flatMap(({ vector }) =>
        Array.from({ length: 300 }, (_, index) => ({ id: `r${index}`, vector })),
      )
    await store.putRecords(ref, records)
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    try {
      for await (const batch of store.readRecords(ref, { batchRecordsMax: 10 })) {
        expect(batch.length).toBeLessThanOrEqual(10)
        await store.dropCollection(ref)
        break
      }
      const reading = async (): Promise<void> => {
        for await (const _ of store.readRecords(ref)) expect.unreachable('nothing is there')
      }
      await expect(reading()).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' })
      await new Promise((resolve) => setTimeout(resolve, 100))
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unhandled).toEqual([])
  })
})

function hasList({ metadata = {} }: VectorRecord): boolean {
  return Object.values(metadata).some(Array.isArray)
}

function show(wanted: VectorRecord, found: VectorRecord): string {
  return `${JSON.stringify(wanted)} came back as ${JSON.stringify(found)}`
}
