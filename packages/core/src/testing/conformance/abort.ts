import assert from 'node:assert/strict'
import type { CollectionRef } from '../../model/collection.ts'
import type { CallOptions, VectorStoreAdapter } from '../../store/adapter.ts'
import { collect, rejection } from './expectations.ts'
import {
  type AdapterScenario,
  assertHolds,
  createFilled,
  namesIn,
  recordsOf,
  specOf,
  vectorAt,
} from './fixtures.ts'

type Call = (options: CallOptions) => Promise<unknown>

/** Every verb of the contract, on a collection of three records. */
function verbs(store: VectorStoreAdapter, docs: CollectionRef): Record<string, Call> {
  const rename = store.renameCollection?.bind(store)
  return {
    listCollections: (options) => collect(store.listCollections(options)),
    getCollection: (options) => store.getCollection(docs, options),
    createCollection: (options) => store.createCollection(specOf(store, 'papers'), options),
    countRecords: (options) => store.countRecords(docs, options),
    readRecords: (options) => collect(store.readRecords(docs, options)),
    getRecords: (options) => store.getRecords(docs, ['r0'], options),
    putRecords: (options) => store.putRecords(docs, recordsOf(2, 3), options),
    deleteRecords: (options) => store.deleteRecords(docs, ['r0'], options),
    search: (options) => store.search(docs, vectorAt(0), options),
    engineVersion: (options) => store.engineVersion(options),
    ...(rename && { renameCollection: (options) => rename({ from: docs, to: 'other' }, options) }),
    dropCollection: (options) => store.dropCollection(docs, options),
  }
}

export const abortScenarios: readonly AdapterScenario[] = [
  {
    key: 'abort.before',
    title: 'an aborted call rejects with the reason itself, and does nothing',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3))
      for (const [verb, call] of Object.entries(verbs(store, docs))) {
        for (const reason of [new Error('enough'), { why: 'not an error' }]) {
          const error = await rejection(call({ signal: AbortSignal.abort(reason) }), verb)
          assert.equal(error, reason, `${verb} rejected with something else than the reason`)
        }
      }
      assert.deepEqual(await namesIn(store), ['docs'])
      await assertHolds(store, docs, recordsOf(3))
    },
  },
  {
    key: 'abort.during',
    title: 'an abort under way ends in success or in the reason itself',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3))
      const { dropCollection, ...others } = verbs(store, docs)
      for (const [verb, call] of Object.entries({ ...others, dropCollection })) {
        const controller = new AbortController()
        const reason = new Error('enough')
        const outcome = (call as Call)({ signal: controller.signal }).catch((error) => error)
        controller.abort(reason)
        const error = await outcome
        assert.ok(!(error instanceof Error) || error === reason, `${verb} said: ${error}`)
      }
    },
  },
  {
    key: 'abort.after',
    title: 'a signal that never fires changes nothing, and the store goes on',
    async run(store) {
      const { signal } = new AbortController()
      const docs = await createFilled(store, 'docs', recordsOf(3))
      const { dropCollection, ...others } = verbs(store, docs)
      for (const call of Object.values(others)) await (call as Call)({ signal })
      await assertHolds(store, whereItIsNow(store, docs), recordsOf(5).slice(1))
      await dropCollection?.({ signal })
    },
  },
]

/** By its id it is found under any name; without one, by the name that the rename gave it. */
function whereItIsNow(store: VectorStoreAdapter, docs: CollectionRef): CollectionRef {
  return docs.id === undefined && store.renameCollection !== undefined ? { name: 'other' } : docs
}
