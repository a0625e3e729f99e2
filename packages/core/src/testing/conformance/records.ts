import assert from 'node:assert/strict'
import { refOf } from '../../model/collection.ts'
import type { VectorRecord } from '../../model/record.ts'
import {
  type AdapterScenario,
  assertHolds,
  assertSame,
  bareRecordsOf,
  createFilled,
  getInfo,
  recordsOf,
  toleranceOf,
  vectorAt,
} from './fixtures.ts'

/** Ids that a careless adapter quotes, trims, folds, normalizes or splits. */
const UNUSUAL_IDS = [
  'plain',
  'Plain',
  ' plain ',
  'with space',
  'émigré',
  'e\u0301migre\u0301',
  '日本語',
  '👩‍👩‍👧',
  "o'clock",
  'say "hi"',
  'back\\slash',
  'a/b?c=d&e#f',
  '%20',
  'x,y',
  '{"id":1}',
  "'; drop table docs; --",
  '__proto__',
  'constructor',
  '0',
  '00',
  '1e3',
  'null',
  'line\nbreak\ttab',
]

export const recordScenarios: readonly AdapterScenario[] = [
  {
    key: 'records.put-and-get',
    title: 'what is put is there, whole',
    async run(store) {
      const records = [...recordsOf(3), ...bareRecordsOf(2, 3)]
      const docs = await createFilled(store, 'docs', records)
      await assertHolds(store, docs, records)
    },
  },
  {
    key: 'records.get',
    title: 'those of the ids that exist are got, in any order',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(6))
      const found = await store.getRecords(docs, ['r4', 'missing', 'r1', 'r5'])
      const expected = recordsOf(6).filter(({ id }) => ['r1', 'r4', 'r5'].includes(id))
      const { metric } = await getInfo(store, docs)
      assertSame(found, expected, toleranceOf(store.traits, metric))
      assert.deepEqual(await store.getRecords(docs, ['missing']), [])
    },
  },
  {
    key: 'records.put-twice',
    title: 'the same put twice leaves what one leaves',
    async run(store) {
      const docs = await createFilled(store, 'docs')
      for (let round = 0; round < 2; round++) {
        await store.putRecords(docs, recordsOf(4))
        await assertHolds(store, docs, recordsOf(4))
      }
    },
  },
  {
    key: 'records.replace-whole',
    title: 'a replaced record keeps nothing of its old vector, metadata and text',
    async run(store) {
      const full: VectorRecord = {
        id: 'r0',
        vector: vectorAt(0),
        metadata: { old: true, both: 'old' },
        text: 'old text',
      }
      const docs = await createFilled(store, 'docs', [full, ...recordsOf(1, 1)])
      const versions: VectorRecord[] = [
        { id: 'r0', vector: vectorAt(5), metadata: { both: 'new', fresh: 1 }, text: 'new text' },
        { id: 'r0', vector: vectorAt(6), metadata: { fresh: 2 } },
        full,
        { id: 'r0', vector: vectorAt(7), text: 'only text' },
        full,
        { id: 'r0', vector: vectorAt(8) },
      ]
      for (const version of versions) {
        await store.putRecords(docs, [version])
        await assertHolds(store, docs, [version, ...recordsOf(1, 1)])
      }
    },
  },
  {
    key: 'records.put-mixed',
    title: 'one put replaces some records and adds others',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(4))
      const changed = bareRecordsOf(4, 2)
      await store.putRecords(docs, changed)
      await assertHolds(store, docs, [...recordsOf(2), ...changed])
    },
  },
  {
    key: 'records.delete',
    title: 'what is deleted is gone, the rest stays, and missing ids are no error',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(5))
      for (let round = 0; round < 2; round++) {
        await store.deleteRecords(docs, ['r1', 'missing', 'r3'])
        const left = recordsOf(5).filter(({ id }) => id !== 'r1' && id !== 'r3')
        await assertHolds(store, docs, left)
        assert.deepEqual(await store.getRecords(docs, ['r1', 'r3']), [])
      }
    },
  },
  {
    key: 'records.delete-all',
    title: 'a collection outlives its last record, and takes new ones',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3))
      await store.deleteRecords(docs, ['r0', 'r1', 'r2'])
      await assertHolds(store, docs, [])
      await store.putRecords(docs, recordsOf(2))
      await assertHolds(store, docs, recordsOf(2))
    },
  },
  {
    key: 'records.empty-calls',
    title: 'no ids and no records mean none, never all',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3))
      await store.putRecords(docs, [])
      await store.deleteRecords(docs, [])
      assert.deepEqual(await store.getRecords(docs, []), [])
      await assertHolds(store, docs, recordsOf(3))
    },
  },
  {
    key: 'records.unusual-ids',
    title: 'ids are kept to the letter',
    async run(store) {
      const bytesMax = store.traits.recordIdBytesMax
      const records = UNUSUAL_IDS.filter((id) => Buffer.byteLength(id) <= bytesMax)
        .map((id, index) => ({ id, vector: vectorAt(index), metadata: { index }, text: id }))
        .filter((record) => store.recordProblem?.(record) === undefined)
      const docs = await createFilled(store, 'docs', records)
      await assertHolds(store, docs, records)
      const { metric } = await getInfo(store, docs)
      for (const record of records) {
        const found = await store.getRecords(docs, [record.id])
        assertSame(found, [record], toleranceOf(store.traits, metric))
      }
      const [first, ...rest] = records
      assert.ok(first !== undefined, 'recordProblem refuses every id')
      for (const { id } of rest) await store.deleteRecords(docs, [id])
      await assertHolds(store, docs, [first])
    },
  },
  {
    key: 'records.no-aliasing',
    title: 'what the caller changes afterwards does not change the store',
    async run(store) {
      const metadata = { tag: 'kept' }
      const vector = vectorAt(0)
      const docs = await createFilled(store, 'docs', [{ id: 'r0', vector, metadata }])
      const expected = { id: 'r0', vector: vectorAt(0), metadata: { tag: 'kept' } }
      metadata.tag = 'changed'
      vector.fill(9)
      await assertHolds(store, docs, [expected])
      const [read] = await store.getRecords(docs, ['r0'])
      read?.vector.fill(9)
      if (read?.metadata !== undefined) Object.assign(read.metadata, { tag: 'changed' })
      await assertHolds(store, docs, [expected])
    },
  },
  {
    key: 'records.own-collection',
    title: 'equal ids in two collections are two records',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3))
      const papers = await createFilled(store, 'papers', bareRecordsOf(3))
      await store.deleteRecords(papers, ['r0'])
      await assertHolds(store, docs, recordsOf(3))
      await assertHolds(store, papers, bareRecordsOf(2, 1))
    },
  },
  {
    key: 'records.concurrent-puts',
    title: 'puts of different records at the same time all take effect',
    async run(store) {
      const docs = refOf(await getInfo(store, await createFilled(store, 'docs', recordsOf(1))))
      const parts = [1, 6, 11, 16].map((from) => recordsOf(5, from))
      await Promise.all(parts.map((part) => store.putRecords(docs, part)))
      await assertHolds(store, docs, recordsOf(21))
    },
  },
]
