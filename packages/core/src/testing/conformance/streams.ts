import assert from 'node:assert/strict'
import type { CollectionRef } from '../../model/collection.ts'
import type { HoldfastError } from '../../model/errors.ts'
import type { VectorStoreAdapter } from '../../store/adapter.ts'
import { collect, rejection } from './expectations.ts'
import {
  type AdapterScenario,
  assertHolds,
  bareRecordsOf,
  createFilled,
  readAll,
} from './fixtures.ts'

/** More than any pool of connections or cursors is likely to have. */
const BROKEN_READS = 40

export const streamScenarios: readonly AdapterScenario[] = [
  {
    key: 'streams.every-record-once',
    title: 'every record comes once, in batches no larger than asked for',
    async run(store) {
      const docs = await createFilled(store, 'docs', bareRecordsOf(257))
      for (const batchRecordsMax of [1, 10, 256, 257, 258]) {
        await assertBatches(store, docs, { batchRecordsMax, count: 257 })
      }
    },
  },
  {
    key: 'streams.ids',
    title: 'the ids alone are those of the records, each once',
    async run(store) {
      const docs = await createFilled(store, 'docs', bareRecordsOf(257))
      const ids = (await collect(store.readIds(docs))).flat()
      const records = (await collect(store.readRecords(docs))).flat()
      assert.deepEqual([...ids].sort(), records.map(({ id }) => id).sort())
      const empty = await createFilled(store, 'empty')
      assert.deepEqual((await collect(store.readIds(empty))).flat(), [])
      const gone = { name: 'gone', ...(docs.id === undefined ? {} : { id: docs.id }) }
      await store.dropCollection(docs)
      const attempt = collect(store.readIds(docs.id === undefined ? docs : gone))
      const error = (await rejection(attempt, 'reading the ids of what is gone')) as HoldfastError
      assert.equal(error.code, 'COLLECTION_NOT_FOUND')
    },
  },
  {
    key: 'streams.default-batches',
    title: 'without a wish, the batches are no larger than one call takes',
    async run(store) {
      const { batchRecordsMax } = store.traits
      const docs = await createFilled(store, 'docs', bareRecordsOf(150))
      for (const batch of await collect(store.readRecords(docs))) {
        assert.ok(batch.length <= batchRecordsMax, `a batch of ${batch.length} records`)
      }
      await assertHolds(store, docs, bareRecordsOf(150))
    },
  },
  {
    key: 'streams.large-wish',
    title: 'a wish for larger batches than one call takes is no error',
    async run(store) {
      const docs = await createFilled(store, 'docs', bareRecordsOf(20))
      const batchRecordsMax = store.traits.batchRecordsMax + 1
      assert.equal((await readAll(store, docs, { batchRecordsMax })).size, 20)
    },
  },
  {
    key: 'streams.empty',
    title: 'an empty collection is read to its end',
    async run(store) {
      const docs = await createFilled(store, 'docs')
      assert.deepEqual((await collect(store.readRecords(docs))).flat(), [])
    },
  },
  {
    key: 'streams.break-releases',
    title: 'breaking off releases what the read held',
    async run(store) {
      const docs = await createFilled(store, 'docs', bareRecordsOf(30))
      for (let round = 0; round < BROKEN_READS; round++) {
        for await (const _ of store.readRecords(docs, { batchRecordsMax: 5 })) break
        for await (const _ of store.listCollections()) break
      }
      await assertHolds(store, docs, bareRecordsOf(30))
      await store.putRecords(docs, bareRecordsOf(1, 30))
      await store.dropCollection(docs)
    },
  },
  {
    key: 'streams.parallel',
    title: 'two reads at the same time do not disturb each other',
    async run(store) {
      const docs = await createFilled(store, 'docs', bareRecordsOf(60))
      const reads = [7, 11, 13].map((batchRecordsMax) =>
        assertBatches(store, docs, { batchRecordsMax, count: 60 }),
      )
      await Promise.all(reads)
    },
  },
  {
    key: 'streams.abort-between-batches',
    title: 'an abort between two batches ends the read with its reason',
    async run(store) {
      const docs = await createFilled(store, 'docs', bareRecordsOf(30))
      const controller = new AbortController()
      const reason = new Error('enough')
      const { signal } = controller
      let batches = 0
      const read = async (): Promise<void> => {
        for await (const _ of store.readRecords(docs, { batchRecordsMax: 5, signal })) {
          batches++
          controller.abort(reason)
        }
      }
      assert.equal(await rejection(read(), 'reading on after the abort'), reason)
      assert.equal(batches, 1, 'batches came after the abort')
      await assertHolds(store, docs, bareRecordsOf(30))
    },
  },
]

async function assertBatches(
  store: VectorStoreAdapter,
  ref: CollectionRef,
  { batchRecordsMax, count }: { readonly batchRecordsMax: number; readonly count: number },
): Promise<void> {
  const seen = new Set<string>()
  for await (const batch of store.readRecords(ref, { batchRecordsMax })) {
    assert.ok(batch.length <= batchRecordsMax, `${batch.length} records, not ${batchRecordsMax}`)
    for (const { id } of batch) {
      assert.ok(!seen.has(id), `record "${id}" came twice in batches of ${batchRecordsMax}`)
      seen.add(id)
    }
  }
  assert.equal(seen.size, count, `records that came in batches of ${batchRecordsMax}`)
}
