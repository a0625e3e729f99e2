import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { type CollectionRef, refOf } from '../../model/collection.ts'
import type { VectorStoreAdapter } from '../../store/adapter.ts'
import { assertRefused } from './expectations.ts'
import {
  type AdapterScenario,
  assertHolds,
  createFilled,
  getInfo,
  namesIn,
  recordsOf,
  withoutCount,
} from './fixtures.ts'

type Rename = NonNullable<VectorStoreAdapter['renameCollection']>

const METADATA = { owner: 'research', revision: 3 }

/** A store without `renameCollection` has promised nothing, so there is nothing to hold it to. */
function renaming(
  key: string,
  title: string,
  run: (store: VectorStoreAdapter, rename: Rename) => Promise<void>,
): AdapterScenario {
  return {
    key: `rename.${key}`,
    title,
    async run(store) {
      const rename = store.renameCollection?.bind(store)
      if (rename !== undefined) await run(store, rename)
    },
  }
}

export const renameScenarios: readonly AdapterScenario[] = [
  renaming('keeps-all', 'the name changes, and nothing else does', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(5), { metadata: METADATA })
    const others = await createFilled(store, 'others', recordsOf(2))
    const before = withoutCount(await getInfo(store, docs))
    await rename({ from: docs, to: 'papers' })
    assert.deepEqual(await namesIn(store), ['others', 'papers'])
    assert.equal(await store.getCollection({ name: 'docs' }), undefined)
    const after = withoutCount(await getInfo(store, { name: 'papers' }))
    assert.deepEqual(after, { ...before, name: 'papers' })
    await assertHolds(store, { name: 'papers' }, recordsOf(5))
    await assertHolds(store, others, recordsOf(2))
  }),
  renaming('follows-id', 'a reference with an id follows its collection', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(3))
    if (docs.id === undefined) return
    await rename({ from: docs, to: 'papers' })
    assert.equal((await getInfo(store, docs)).name, 'papers')
    await store.putRecords(docs, recordsOf(1, 3))
    await assertHolds(store, docs, recordsOf(4))
    const hits = await store.search(docs, recordsOf(1)[0]?.vector as Float32Array, { limit: 1 })
    assert.equal(hits.length, 1)
    await store.dropCollection(docs)
    assert.deepEqual(await namesIn(store), [])
  }),
  renaming('idempotent', 'the same rename again changes nothing', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(3))
    for (let round = 0; round < 2; round++) {
      await rename({ from: docs, to: 'papers', metadata: METADATA })
      assert.deepEqual(await namesIn(store), ['papers'])
      assert.deepEqual((await getInfo(store, { name: 'papers' })).metadata, METADATA)
      await assertHolds(store, { name: 'papers' }, recordsOf(3))
    }
  }),
  renaming('same-name', 'the name that it has already is no error', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(3), { metadata: METADATA })
    const before = await getInfo(store, docs)
    await rename({ from: docs, to: 'docs' })
    assert.deepEqual(await getInfo(store, docs), before)
    await assertHolds(store, docs, recordsOf(3))
  }),
  renaming('taken', 'a name that is taken is refused, both stay', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(3), { metadata: METADATA })
    const papers = await createFilled(store, 'papers', recordsOf(2, 9), { metadata: { own: 1 } })
    const attempt = rename({ from: docs, to: 'papers', metadata: { changed: true } })
    await assertRefused(attempt, 'COLLECTION_EXISTS', 'renaming onto a taken name')
    assert.deepEqual(await namesIn(store), ['docs', 'papers'])
    assert.deepEqual((await getInfo(store, docs)).metadata, METADATA)
    assert.deepEqual((await getInfo(store, papers)).metadata, { own: 1 })
    await assertHolds(store, docs, recordsOf(3))
    await assertHolds(store, papers, recordsOf(2, 9))
  }),
  renaming('missing', 'a collection that is not there is refused', async (store, rename) => {
    const attempt = rename({ from: { name: 'docs' }, to: 'papers' })
    await assertRefused(attempt, 'COLLECTION_NOT_FOUND', 'renaming a missing collection')
    assert.deepEqual(await namesIn(store), [])
  }),
  renaming('stale-id', 'a dropped one is not mistaken for its heir', async (store, rename) => {
    const stale = await createFilled(store, 'docs', recordsOf(1))
    if (stale.id === undefined) return
    await store.dropCollection(stale)
    const heir = await createFilled(store, 'docs', recordsOf(2), { metadata: METADATA })
    const attempt = rename({ from: stale, to: 'papers', metadata: {} })
    await assertRefused(attempt, 'COLLECTION_NOT_FOUND', 'renaming by a stale id')
    assert.deepEqual(await namesIn(store), ['docs'])
    assert.deepEqual((await getInfo(store, heir)).metadata, METADATA)
  }),
  renaming('metadata', 'given metadata replaces the old, whole', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(2), { metadata: METADATA })
    await rename({ from: docs, to: 'papers' })
    const papers = refOf(await getInfo(store, { name: 'papers' }))
    assert.deepEqual((await getInfo(store, papers)).metadata, METADATA)
    await rename({ from: papers, to: 'archive', metadata: { fresh: 'yes' } })
    const archive = refOf(await getInfo(store, { name: 'archive' }))
    assert.deepEqual((await getInfo(store, archive)).metadata, { fresh: 'yes' })
    await rename({ from: archive, to: 'final', metadata: {} })
    assert.deepEqual((await getInfo(store, { name: 'final' })).metadata ?? {}, {})
    await assertHolds(store, { name: 'final' }, recordsOf(2))
  }),
  renaming('back', 'renamed back, it is what it was', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(4), { metadata: METADATA })
    const before = await getInfo(store, docs)
    await rename({ from: docs, to: 'papers', metadata: { marked: true } })
    const papers = refOf(await getInfo(store, { name: 'papers' }))
    await rename({ from: papers, to: 'docs', metadata: METADATA })
    assert.deepEqual(await getInfo(store, docs), before)
    await assertHolds(store, docs, recordsOf(4))
  }),
  renaming('frees-name', 'the old name is free for another', async (store, rename) => {
    const docs = await createFilled(store, 'docs', recordsOf(3))
    await rename({ from: docs, to: 'papers' })
    const heir = await createFilled(store, 'docs', recordsOf(2, 9))
    if (docs.id !== undefined) assert.notEqual(heir.id, docs.id)
    await assertHolds(store, { name: 'papers' }, recordsOf(3))
    await assertHolds(store, heir, recordsOf(2, 9))
  }),
  renaming('atomic', 'a reader sees one name at any time', async (store, rename) => {
    const docs = await createFilled(store, 'name0', recordsOf(3))
    const names = Array.from({ length: 8 }, (_, index) => `name${index}`)
    let done = false
    const watch = async (): Promise<void> => {
      while (!done) await watchOnce(store, names)
    }
    const renameOn = async (): Promise<void> => {
      let ref: CollectionRef = docs
      for (const to of names.slice(1)) {
        await rename({ from: ref, to })
        ref = { ...ref, name: to }
      }
    }
    const watching = watch()
    // Whatever the renames say, the reader must come to its end before the store is closed.
    const [renamed, watched] = await Promise.allSettled([
      renameOn().finally(() => {
        done = true
      }),
      watching,
    ])
    for (const result of [watched, renamed]) {
      if (result.status === 'rejected') throw result.reason
    }
  }),
]

async function watchOnce(store: VectorStoreAdapter, names: readonly string[]): Promise<void> {
  const seen = await namesIn(store)
  assert.equal(seen.length, 1, `a list during a rename held ${JSON.stringify(seen)}`)
  assert.ok(names.includes(seen[0] as string), `a list during a rename held ${seen[0]}`)
  // A store that answers without ever waiting must not keep the other side from going on.
  await setImmediate()
}
