import { describe, expect, it } from 'vitest'
import { refOf } from '../../src/model/collection.ts'
import { sameVector, VECTOR_TOLERANCE_NORMALIZED } from '../../src/model/same-record.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'

const docs = { name: 'docs' }
const spec = { name: 'docs', metric: 'cosine', dimension: 2 } as const
const record = { id: 'a', vector: Float32Array.of(0.1, -7.7), text: 'text', metadata: { a: [1] } }

describe('MemoryStore', () => {
  it('shares its data with other stores, and keeps it when they are disposed', async () => {
    const one = new MemoryStore()
    await one.createCollection(spec)
    const two = new MemoryStore({ data: one.data })
    await two.putRecords(docs, [record])
    await one[Symbol.asyncDispose]()
    expect(await two.getRecords(docs, ['a'])).toEqual([record])
    await expect(one.countRecords(docs)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(new MemoryStore({ data: one.data }).snapshot()).toEqual(two.snapshot())
  })

  it('takes a snapshot that compares equal after a drop and a restore, in any order', async () => {
    const store = new MemoryStore()
    const records = ['b', 'a', 'c'].map((id) => ({ ...record, id }))
    const info = await store.createCollection(spec)
    await store.putRecords(docs, records)
    const before = store.snapshot()
    await store.dropCollection(refOf(info))
    expect(store.snapshot()).toEqual({})
    await store.createCollection({ ...spec, metadata: {} })
    await store.putRecords(docs, [...records].reverse())
    expect(store.snapshot()).toEqual(before)
    expect(JSON.stringify(store.snapshot())).toBe(JSON.stringify(before))
  })

  it('is not bit-exact under cosine when it normalizes, and exact otherwise', async () => {
    const store = new MemoryStore({ vectorFidelity: 'normalized' })
    const vectors = Array.from({ length: 50 }, (_, i) => Float32Array.of(0.1 + i, 1 / (i + 3)))
    const records = vectors.map((vector, index) => ({ id: `r${index}`, vector }))
    for (const metric of ['cosine', 'euclidean'] as const) {
      await store.createCollection({ ...spec, name: metric, metric })
      await store.putRecords({ name: metric }, records)
    }
    const read = async (name: string): Promise<readonly Float32Array[]> =>
      (
        await store.getRecords(
          { name },
          records.map(({ id }) => id),
        )
      ).map(({ vector }) => vector)
    expect(await read('euclidean')).toEqual(vectors)
    const rounded = await read('cosine')
    expect(rounded).not.toEqual(vectors)
    for (const [index, vector] of vectors.entries()) {
      const found = rounded[index] as Float32Array
      expect(sameVector(found, vector, VECTOR_TOLERANCE_NORMALIZED)).toBe(true)
    }
  })

  it('fixes the dimension at the first write, and keeps it when the records are gone', async () => {
    const store = new MemoryStore()
    await store.createCollection({ name: 'docs', metric: 'dot' })
    expect((await store.getCollection(docs))?.dimension).toBeUndefined()
    await store.putRecords(docs, [record])
    await store.deleteRecords(docs, ['a'])
    expect((await store.getCollection(docs))?.dimension).toBe(2)
    const longer = { id: 'b', vector: Float32Array.of(1, 2, 3) }
    await expect(store.putRecords(docs, [longer])).rejects.toMatchObject({ code: 'RECORD_INVALID' })
  })

  it('refuses what a guard ought to have caught', async () => {
    const store = new MemoryStore({
      vectorFidelity: 'normalized',
      batchRecordsMax: 2,
      recordIdBytesMax: 8,
      dimensionMax: 3,
      metrics: ['cosine'],
      recordProblem: ({ text }) => (text === 'no' ? 'Its text is "no". Say yes.' : undefined),
    })
    await store.createCollection(spec)
    const put = (change: object) => store.putRecords(docs, [{ ...record, ...change }])
    const invalid = { code: 'RECORD_INVALID', outcome: 'unchanged' }
    await expect(put({ id: '' })).rejects.toMatchObject(invalid)
    await expect(put({ id: '日本語' })).rejects.toMatchObject(invalid)
    await expect(put({ vector: Float32Array.of(1) })).rejects.toMatchObject(invalid)
    await expect(put({ vector: Float32Array.of(1, NaN) })).rejects.toMatchObject(invalid)
    await expect(put({ vector: Float32Array.of(0, 0) })).rejects.toMatchObject(invalid)
    await expect(put({ text: 'no' })).rejects.toMatchObject(invalid)
    const limit = { code: 'LIMIT_EXCEEDED', outcome: 'unchanged' }
    await expect(store.getRecords(docs, ['a', 'b', 'c'])).rejects.toMatchObject(limit)
    await expect(
      store.createCollection({ ...spec, name: 'x', dimension: 4 }),
    ).rejects.toMatchObject(limit)
    const rejected = store.createCollection({ ...spec, name: 'x', metric: 'dot' })
    await expect(rejected).rejects.toMatchObject({ code: 'STORE_REJECTED' })
    const named = store.createCollection({ ...spec, name: 'a b' })
    await expect(named).rejects.toMatchObject({ code: 'COLLECTION_NAME_INVALID' })
    expect(store.snapshot()['docs']?.records).toEqual({})
  })

  it('counts the reads that are under way', async () => {
    const store = new MemoryStore()
    await store.createCollection(spec)
    await store.putRecords(docs, [record, { ...record, id: 'b' }])
    const batches = store.readRecords(docs, { batchRecordsMax: 1 })[Symbol.asyncIterator]()
    await batches.next()
    expect(store.data.openReads).toBe(1)
    await batches.return?.()
    expect(store.data.openReads).toBe(0)
  })

  it('has no promise to make where there is no rename', () => {
    expect('renameCollection' in new MemoryStore({ rename: false })).toBe(false)
    expect('recordProblem' in new MemoryStore()).toBe(false)
    expect(new MemoryStore().renameCollection).toBeTypeOf('function')
  })
})
