import assert from 'node:assert/strict'
import type { CollectionRef, Metric } from '../../model/collection.ts'
import type { VectorRecord } from '../../model/record.ts'
import type { SearchHit, VectorStoreAdapter } from '../../store/adapter.ts'
import { distance } from '../distance.ts'
import { type AdapterScenario, bareRecordsOf, createFilled, vectorAt } from './fixtures.ts'

/** How far a distance may be from the order that was computed here, in float32. */
const ORDER_TOLERANCE = 1e-4

function searching(
  key: string,
  title: string,
  run: (store: VectorStoreAdapter, metric: Metric, name: string) => Promise<void>,
): AdapterScenario {
  return {
    key: `search.${key}`,
    title,
    async run(store) {
      for (const [index, metric] of store.traits.metrics.entries()) {
        await run(store, metric, `docs${index}`)
      }
    },
  }
}

export const searchScenarios: readonly AdapterScenario[] = [
  searching('finds-itself', 'each record is nearest to itself', async (store, metric, name) => {
    const records = bareRecordsOf(20)
    const docs = await createFilled(store, name, records, { metric })
    for (const record of records) {
      const hits = await store.search(docs, record.vector, { limit: 1 })
      assert.deepEqual(ids(hits), [record.id], `the nearest under ${metric}`)
      assert.ok(Number.isFinite(hits[0]?.distance), `the distance under ${metric}`)
    }
  }),
  searching('order', 'hits come nearest first', async (store, metric, name) => {
    const records = bareRecordsOf(30)
    const docs = await createFilled(store, name, records, { metric })
    const query = vectorAt(100)
    const hits = await store.search(docs, query, { limit: 30 })
    assertAscending(hits)
    assert.equal(new Set(ids(hits)).size, 30, 'every record once')
    assertOrder(hits, records, query, metric)
  }),
  searching('limit', 'as many hits as wanted, 10 by default', async (store, metric, name) => {
    const docs = await createFilled(store, name, bareRecordsOf(12), { metric })
    await assertCounts(store, docs, [
      [undefined, 10],
      [0, 0],
      [1, 1],
      [11, 11],
      [12, 12],
      [13, 12],
    ])
  }),
  searching('ties', 'equally near records are all found', async (store, metric, name) => {
    const tied = ['a', 'b', 'c', 'd'].map((id) => ({ id, vector: vectorAt(0) }))
    const others = bareRecordsOf(4, 1)
    const docs = await createFilled(store, name, [...others, ...tied], { metric })
    const hits = await store.search(docs, vectorAt(0), { limit: 4 })
    assert.deepEqual(ids(hits).sort(), ['a', 'b', 'c', 'd'])
    assertAscending(hits)
  }),
  searching('empty', 'an empty collection has no hits', async (store, metric, name) => {
    const docs = await createFilled(store, name, [], { metric })
    assert.deepEqual(await store.search(docs, vectorAt(0)), [])
  }),
  searching('sees-writes', 'deleted and replaced vectors are gone', async (store, metric, name) => {
    const docs = await createFilled(store, name, bareRecordsOf(6), { metric })
    await store.deleteRecords(docs, ['r0'])
    await store.putRecords(docs, [{ id: 'r1', vector: vectorAt(50) }])
    const all = await store.search(docs, vectorAt(0))
    assert.deepEqual(ids(all).sort(), ['r1', 'r2', 'r3', 'r4', 'r5'])
    const [moved] = await store.search(docs, vectorAt(50), { limit: 1 })
    assert.equal(moved?.id, 'r1')
    const old = await store.search(docs, vectorAt(1), { limit: 1 })
    assert.notDeepEqual(ids(old), ['r1'], 'the replaced vector was found')
  }),
  searching('own-collection', 'hits are of this collection', async (store, metric, name) => {
    const docs = await createFilled(store, name, bareRecordsOf(3), { metric })
    await createFilled(store, `${name}x`, bareRecordsOf(3, 50), { metric })
    const hits = await store.search(docs, vectorAt(50))
    assert.deepEqual(ids(hits).sort(), ['r0', 'r1', 'r2'])
  }),
]

function ids(hits: readonly SearchHit[]): string[] {
  return hits.map(({ id }) => id)
}

async function assertCounts(
  store: VectorStoreAdapter,
  ref: CollectionRef,
  cases: readonly (readonly [limit: number | undefined, expected: number])[],
): Promise<void> {
  for (const [limit, expected] of cases) {
    const hits = await store.search(ref, vectorAt(3), limit === undefined ? {} : { limit })
    assert.equal(hits.length, expected, `hits with a limit of ${limit}`)
    assert.equal(new Set(ids(hits)).size, expected, 'a record was hit twice')
  }
}

function assertAscending(hits: readonly SearchHit[]): void {
  for (let i = 1; i < hits.length; i++) {
    const [before, after] = [hits[i - 1] as SearchHit, hits[i] as SearchHit]
    assert.ok(before.distance <= after.distance, `"${after.id}" comes after "${before.id}"`)
  }
}

/** Stores scale distances as they like, but they all agree on who is nearer. */
function assertOrder(
  hits: readonly SearchHit[],
  records: readonly VectorRecord[],
  query: Float32Array,
  metric: Metric,
): void {
  const own = new Map(records.map(({ id, vector }) => [id, distance(metric, query, vector)]))
  for (let i = 1; i < hits.length; i++) {
    const before = own.get((hits[i - 1] as SearchHit).id) as number
    const after = own.get((hits[i] as SearchHit).id) as number
    assert.ok(before <= after + ORDER_TOLERANCE, `hit ${i} is nearer than hit ${i - 1}`)
  }
}
