import assert from 'node:assert/strict'
import { assertHonest, assertRefused, collect } from './expectations.ts'
import {
  type AdapterScenario,
  assertHolds,
  createFilled,
  DIMENSION,
  namesIn,
  recordsOf,
  vectorAt,
} from './fixtures.ts'

export const errorScenarios: readonly AdapterScenario[] = [
  {
    key: 'errors.not-found',
    title: 'what needs a collection says so when there is none',
    async run(store) {
      const docs = { name: 'docs' }
      const calls: Record<string, () => Promise<unknown>> = {
        countRecords: () => store.countRecords(docs),
        readRecords: () => collect(store.readRecords(docs)),
        getRecords: () => store.getRecords(docs, ['r0']),
        putRecords: () => store.putRecords(docs, recordsOf(1)),
        deleteRecords: () => store.deleteRecords(docs, ['r0']),
        search: () => store.search(docs, vectorAt(0)),
      }
      for (const [verb, call] of Object.entries(calls)) {
        await assertRefused(call(), 'COLLECTION_NOT_FOUND', verb)
      }
      assert.deepEqual(await namesIn(store), [], 'a collection appeared')
    },
  },
  {
    key: 'errors.dropped-while-read',
    title: 'a read whose collection is dropped fails, or ends with every record',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(20))
      let seen = 0
      const read = async (): Promise<void> => {
        for await (const batch of store.readRecords(docs, { batchRecordsMax: 5 })) {
          if (seen === 0) await store.dropCollection(docs)
          seen += batch.length
        }
      }
      const reading = read()
      const ended = await reading.then(
        () => true,
        () => false,
      )
      if (ended) assert.equal(seen, 20, 'the read ended as if these were all records')
      else await assertHonest(reading, 'the read')
    },
  },
  {
    key: 'errors.wrong-dimension',
    title: 'a vector of another dimension is refused, and nothing of its batch is kept in silence',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(2))
      const odd = { id: 'odd', vector: new Float32Array(DIMENSION + 1).fill(0.5) }
      const error = await assertHonest(
        store.putRecords(docs, [...recordsOf(1, 2), odd]),
        'a put with a vector that is too long',
      )
      assert.equal(error.retryable, false, 'a wrong dimension stays wrong')
      assert.deepEqual(await store.getRecords(docs, ['odd']), [])
      if (error.outcome === 'unchanged') await assertHolds(store, docs, recordsOf(2))
    },
  },
  {
    key: 'errors.wrong-query',
    title: 'a query of another dimension is refused',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(2))
      const query = new Float32Array(DIMENSION + 1).fill(0.5)
      const error = await assertHonest(store.search(docs, query), 'a query that is too long')
      assert.equal(error.outcome, 'unchanged', 'a search changes nothing')
    },
  },
]
