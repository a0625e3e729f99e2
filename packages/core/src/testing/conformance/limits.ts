import assert from 'node:assert/strict'
import type { CollectionRef } from '../../model/collection.ts'
import type { VectorRecord } from '../../model/record.ts'
import type { VectorStoreAdapter } from '../../store/adapter.ts'
import { assertHonest } from './expectations.ts'
import {
  type AdapterScenario,
  assertHolds,
  assertSame,
  bareRecordsOf,
  createFilled,
  getInfo,
  toleranceOf,
  vectorAt,
} from './fixtures.ts'

/** A trait beyond these is tried up to here: what is larger takes too long for a test. */
const BATCH_RECORDS_AFFORDABLE = 6000
const DIMENSION_AFFORDABLE = 20_000
const ID_BYTES_AFFORDABLE = 100_000

export const limitScenarios: readonly AdapterScenario[] = [
  {
    key: 'limits.batch',
    title: 'one call takes as many records as the traits say',
    async run(store) {
      const max = Math.min(store.traits.batchRecordsMax, BATCH_RECORDS_AFFORDABLE)
      for (const count of new Set([Math.max(1, max - 1), max])) {
        const records = bareRecordsOf(count)
        const ids = records.map(({ id }) => id)
        const docs = await createFilled(store, `docs${count}`)
        await store.putRecords(docs, records)
        await assertHolds(store, docs, records)
        const { metric } = await getInfo(store, docs)
        assertSame(await store.getRecords(docs, ids), records, toleranceOf(store.traits, metric))
        await store.deleteRecords(docs, ids)
        await assertHolds(store, docs, [])
      }
    },
  },
  {
    key: 'limits.batch-above',
    title: 'one record more than that is taken or refused, never dropped',
    async run(store) {
      const { batchRecordsMax } = store.traits
      if (batchRecordsMax > BATCH_RECORDS_AFFORDABLE) return
      const docs = await createFilled(store, 'docs')
      await assertTakenOrRefused(store, docs, bareRecordsOf(batchRecordsMax + 1))
    },
  },
  {
    key: 'limits.dimension',
    title: 'vectors may be as long as the traits say',
    async run(store) {
      const max = Math.min(store.traits.dimensionMax, DIMENSION_AFFORDABLE)
      for (const dimension of new Set([1, Math.max(1, max - 1), max])) {
        const records = [{ id: 'r0', vector: vectorAt(0, dimension) }]
        const docs = await createFilled(store, `docs${dimension}`, records, { dimension })
        await assertHolds(store, docs, records)
        const [hit] = await store.search(docs, vectorAt(0, dimension))
        assert.equal(hit?.id, 'r0', `the nearest among vectors of ${dimension} components`)
      }
    },
  },
  {
    key: 'limits.dimension-above',
    title: 'a vector longer than that is taken whole or refused',
    async run(store) {
      const dimension = store.traits.dimensionMax + 1
      if (dimension > DIMENSION_AFFORDABLE) return
      const records = [{ id: 'r0', vector: vectorAt(0, dimension) }]
      const create = createFilled(store, 'docs', [], { dimension })
      const docs = await create.catch(() => undefined)
      if (docs === undefined) await assertHonest(create, `a dimension of ${dimension}`)
      else await assertTakenOrRefused(store, docs, records)
    },
  },
  {
    key: 'limits.record-id',
    title: 'ids may be as long as the traits say, and differ in their last letter',
    async run(store) {
      const max = Math.min(store.traits.recordIdBytesMax, ID_BYTES_AFFORDABLE)
      const ids = ['a', 'b', 'é'].map((last) => 'i'.repeat(max - Buffer.byteLength(last)) + last)
      const records = ids.map((id, index) => ({ id, vector: vectorAt(index) }))
      const docs = await createFilled(store, 'docs', records)
      await assertHolds(store, docs, records)
    },
  },
  {
    key: 'limits.record-id-above',
    title: 'a longer id is taken whole or refused, never cut',
    async run(store) {
      const length = store.traits.recordIdBytesMax + 1
      if (length > ID_BYTES_AFFORDABLE) return
      const docs = await createFilled(store, 'docs')
      await assertTakenOrRefused(store, docs, [{ id: 'i'.repeat(length), vector: vectorAt(0) }])
    },
  },
]

async function assertTakenOrRefused(
  store: VectorStoreAdapter,
  ref: CollectionRef,
  records: readonly VectorRecord[],
): Promise<void> {
  const put = store.putRecords(ref, records)
  const taken = await put.then(
    () => true,
    () => false,
  )
  if (taken) return assertHolds(store, ref, records)
  const error = await assertHonest(put, 'the put')
  if (error.outcome === 'unchanged') await assertHolds(store, ref, [])
}
