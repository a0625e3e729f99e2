import assert from 'node:assert/strict'
import { type CollectionInfo, refOf } from '../../model/collection.ts'
import type { VectorStoreAdapter } from '../../store/adapter.ts'
import { assertRefused, collect } from './expectations.ts'
import {
  type AdapterScenario,
  assertHolds,
  createFilled,
  DIMENSION,
  getInfo,
  namesIn,
  recordsOf,
  specOf,
  withoutCount,
} from './fixtures.ts'

const METADATA = { owner: 'research', revision: 3, ratio: 0.5, live: true }

export const collectionScenarios: readonly AdapterScenario[] = [
  {
    key: 'collections.create',
    title: 'what is created is there, as it was asked for',
    async run(store) {
      const spec = specOf(store, 'docs', { metadata: METADATA })
      const created = await store.createCollection(spec)
      assertFits(created, spec.metric)
      for (const ref of [{ name: 'docs' }, refOf(created)]) {
        assert.deepEqual(withoutCount(await getInfo(store, ref)), withoutCount(created))
      }
      await assertHolds(store, refOf(created), [])
    },
  },
  {
    key: 'collections.create-exclusive',
    title: 'a name that is taken is refused, and its collection left alone',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3), { metadata: METADATA })
      const before = await getInfo(store, docs)
      const again = store.createCollection(specOf(store, 'docs', { metadata: { owner: 'other' } }))
      await assertRefused(again, 'COLLECTION_EXISTS', 'creating "docs" again')
      assert.deepEqual(await getInfo(store, docs), before)
      assert.deepEqual(await namesIn(store), ['docs'])
      await assertHolds(store, docs, recordsOf(3))
    },
  },
  {
    key: 'collections.create-race',
    title: 'of several that create the same name at once, one succeeds',
    async run(store) {
      const creations = [1, 2, 3].map(() => store.createCollection(specOf(store, 'docs')))
      const results = await Promise.allSettled(creations)
      const lost = results.flatMap((result, index) =>
        result.status === 'rejected' ? [creations[index] as Promise<CollectionInfo>] : [],
      )
      assert.equal(lost.length, 2, `${3 - lost.length} creations succeeded instead of 1`)
      for (const loser of lost) await assertRefused(loser, 'COLLECTION_EXISTS', 'the late creation')
      assert.deepEqual(await namesIn(store), ['docs'])
    },
  },
  {
    key: 'collections.spec-round-trip',
    title: 'a collection made from the description of another one is described alike',
    async run(store) {
      for (const [index, metric] of store.traits.metrics.entries()) {
        const docs = await createFilled(store, `docs${index}`, recordsOf(2), {
          metric,
          metadata: METADATA,
        })
        const { id: _, name: __, ...original } = withoutCount(await getInfo(store, docs))
        const copy = await createFilled(store, `copy${index}`, recordsOf(2), original)
        const { id: ___, name, ...copied } = withoutCount(await getInfo(store, copy))
        assert.equal(name, `copy${index}`)
        assert.deepEqual(copied, original)
        assert.equal(original.metric, metric)
        assert.deepEqual(original.metadata, METADATA)
      }
    },
  },
  {
    key: 'collections.dimension',
    title: 'the dimension is known once there are records',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(1))
      assert.equal((await getInfo(store, docs)).dimension, DIMENSION)
    },
  },
  {
    key: 'collections.list',
    title: 'all collections are listed, each once and as it is got',
    async run(store) {
      const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon']
      for (const [index, name] of names.entries()) {
        await createFilled(store, name, recordsOf(index), { metadata: { index } })
      }
      const listed = await collect(store.listCollections())
      assert.deepEqual(listed.map(({ name }) => name).sort(), [...names].sort())
      for (const info of listed) {
        const got = await getInfo(store, refOf(info))
        assert.deepEqual(withoutCount(info), withoutCount(got))
      }
    },
  },
  {
    key: 'collections.drop',
    title: 'what is dropped is gone, and dropping it again changes nothing',
    async run(store) {
      const docs = await createFilled(store, 'docs', recordsOf(3))
      const papers = await createFilled(store, 'papers', recordsOf(2))
      for (let round = 0; round < 2; round++) {
        await store.dropCollection(docs)
        assert.equal(await store.getCollection(docs), undefined)
        assert.equal(await store.getCollection({ name: 'docs' }), undefined)
        assert.deepEqual(await namesIn(store), ['papers'])
        await assertHolds(store, papers, recordsOf(2))
      }
      await store.dropCollection({ name: 'docs' })
    },
  },
  {
    key: 'collections.drop-by-name',
    title: 'a reference without an id drops what has the name',
    async run(store) {
      await createFilled(store, 'docs', recordsOf(3))
      await store.dropCollection({ name: 'docs' })
      assert.deepEqual(await namesIn(store), [])
    },
  },
  {
    key: 'collections.recreate',
    title: 'a name that was dropped begins anew, and empty',
    async run(store) {
      const old = await createFilled(store, 'docs', recordsOf(3), { metadata: METADATA })
      await store.dropCollection(old)
      const renewed = await createFilled(store, 'docs', [], { dimension: DIMENSION + 1 })
      await assertHolds(store, renewed, [])
      assert.deepEqual((await getInfo(store, renewed)).metadata ?? {}, {})
      const record = { id: 'r0', vector: new Float32Array(DIMENSION + 1).fill(0.5) }
      await store.putRecords(renewed, [record])
      await assertHolds(store, renewed, [record])
    },
  },
  {
    key: 'collections.stale-id',
    title: 'the id of a dropped collection never reaches another one of its name',
    run: staleId,
  },
]

async function staleId(store: VectorStoreAdapter): Promise<void> {
  const stale = await createFilled(store, 'docs', recordsOf(2))
  // Known by names only, there is nothing that could go stale.
  if (stale.id === undefined) return
  await store.dropCollection(stale)
  const renewed = await createFilled(store, 'docs', recordsOf(3, 10))
  assert.notEqual(renewed.id, stale.id, 'the id has returned')
  assert.equal(await store.getCollection(stale), undefined)
  await store.dropCollection(stale)
  const put = store.putRecords(stale, recordsOf(1))
  await assertRefused(put, 'COLLECTION_NOT_FOUND', 'putting by a stale id')
  const remove = store.deleteRecords(stale, ['r10'])
  await assertRefused(remove, 'COLLECTION_NOT_FOUND', 'deleting by a stale id')
  const read = collect(store.readRecords(stale))
  await assertRefused(read, 'COLLECTION_NOT_FOUND', 'reading by a stale id')
  await assertHolds(store, renewed, recordsOf(3, 10))
}

function assertFits(info: CollectionInfo, metric: string): void {
  assert.equal(info.name, 'docs')
  assert.equal(info.metric, metric)
  assert.deepEqual(info.metadata, METADATA)
  assert.ok(
    info.dimension === undefined || info.dimension === DIMENSION,
    `the dimension is ${info.dimension}`,
  )
}
