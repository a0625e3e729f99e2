import { describe, expect, it } from 'vitest'
import type { JournalEntry } from '../../src/journal/journal.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import type { Engine } from '../../src/operation/engine.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import { TransactionalOperations } from '../../src/transactional-operations.ts'
import { World } from './world.ts'

/**
 * Leases bind only those who use the SDK. Whoever writes beside it may make an operation fail, but
 * what they have written is neither undone nor lost where that can be told.
 */
const KIND = { rename: true, identity: 'id', vectorFidelity: 'exact' } as const
const COPYING = { ...KIND, rename: false }
const DOCS = { name: 'docs' }

function record(id: string, ...vector: readonly number[]): VectorRecord {
  return { id, vector: Float32Array.from(vector), metadata: {} }
}

async function worldWith(
  kind: typeof KIND | typeof COPYING,
  ids: readonly string[],
): Promise<World> {
  const world = new World(kind, 1)
  await world.store.createCollection({ name: 'docs', metric: 'euclidean', dimension: 2 })
  for (const id of ids) await world.store.putRecords(DOCS, [record(id, 1, 1)])
  return world
}

async function ids(world: World, name = 'docs'): Promise<readonly string[]> {
  return Object.keys(world.snapshot()[name]?.records ?? {})
}

function operationsOf(engine: Engine): TransactionalOperations {
  return new TransactionalOperations(engine, { waitMs: 0, keepForMs: 1_000_000 }, (run) => run())
}

/** A part with some methods of its own. */
function changed<Part extends object>(part: Part, methods: Partial<Part>): Part {
  return new Proxy(part, {
    get(target, key) {
      const member: unknown = Reflect.get(methods, key) ?? Reflect.get(target, key, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

type Operations = Awaited<ReturnType<World['start']>>['operations']

/** Runs up to an effect and dies just before it, leaving the world to strangers. */
async function dieBefore(
  world: World,
  effect: string,
  run: (operations: Operations) => Promise<unknown>,
): Promise<void> {
  const counting = new FaultPlan()
  const rehearsal = await worldWith(world.kind as typeof KIND, await ids(world))
  await run((await rehearsal.start(counting)).operations)
  const plan = new FaultPlan({ at: counting.trace.indexOf(effect), crash: true })
  await run((await world.start(plan)).operations).catch(() => {})
  expect(plan.dead).toBe(true)
  world.killAll()
}

describe('what others write', () => {
  it('while the backup of a delete is read back is in the backup', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const { engine } = await world.start()
    let reads = 0
    const backups = changed(engine.backups, {
      async check(id: string) {
        // As after the walk through the ids, if that did not come last.
        await turns(50)
        if (reads++ === 0) await world.store.putRecords(DOCS, [record('late', 1, 1)])
        return engine.backups.check(id)
      },
    })
    const deleted = await operationsOf({ ...engine, backups }).safeDeleteCollection('docs')
    expect(deleted.recordCount).toBe(3)
    await operationsOf(engine).undelete(deleted.operationId)
    expect(await ids(world)).toContain('late')
  })

  it('while a process stands still right before the drop is in the backup', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const { engine } = await world.start()
    const append = async (entry: JournalEntry): Promise<void> => {
      await engine.journal.append(entry)
      if (entry.type !== 'verified') return
      await world.clock.advance(60 * 60 * 1_000)
      await world.store.putRecords(DOCS, [record('late', 1, 1)])
    }
    const journal = changed(engine.journal, { append })
    const deleted = await operationsOf({ ...engine, journal }).safeDeleteCollection('docs')
    await operationsOf(engine).undelete(deleted.operationId)
    expect(await ids(world)).toContain('late')
  })

  it('and the store only counts keeps a delete from being believed', async () => {
    const world = await worldWith(KIND, ['a', 'b', 'c'])
    const { engine } = await world.start()
    // Such as a proxy that cuts pages short.
    const store = changed(engine.store, { countRecords: async () => 4 })
    await expect(
      operationsOf({ ...engine, store }).safeDeleteCollection('docs'),
    ).rejects.toMatchObject({ code: 'VERIFICATION_FAILED', outcome: 'rolled-back' })
    expect(await ids(world)).toEqual(['a', 'b', 'c'])
  })

  it('and the store only counts keeps a copied rename from dropping the old collection', async () => {
    const world = await worldWith(COPYING, ['a', 'b', 'c'])
    const { engine } = await world.start()
    const store = changed(engine.store, {
      async *readRecords() {
        yield await world.store.getRecords(DOCS, ['a'])
      },
    })
    const renaming = operationsOf({ ...engine, store }).safeRenameCollection({
      from: 'docs',
      to: 'papers',
    })
    await expect(renaming).rejects.toMatchObject({ code: 'COMMIT_PENDING' })
    expect(await ids(world)).toEqual(['a', 'b', 'c'])
    // When it shows them all, the rename is finished with all of them.
    await world.recover()
    expect(await ids(world, 'papers')).toEqual(['a', 'b', 'c'])
  })

  it('is not undone with a put that is rolled back', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const put = [record('a', 2, 2), record('b', 2, 2), record('c', 2, 2), record('d', 2, 2)]
    await dieBefore(world, 'journal.append verified', (operations) =>
      operations.safePutRecords('docs', put),
    )
    await world.store.putRecords(DOCS, [record('b', 3, 3)])
    await world.store.putRecords(DOCS, [record('c', 3, 3)])
    const { reports } = await world.recover()
    expect(reports.map(({ outcome }) => outcome)).toEqual(['rolled-back'])
    const { records } = world.snapshot()['docs'] ?? {}
    expect(
      Object.fromEntries(Object.entries(records ?? {}).map(([id, r]) => [id, r.vector])),
    ).toEqual({
      a: [1, 1],
      b: [3, 3],
      c: [3, 3],
    })
  })

  it('or delete: a record that is gone in the middle of a put comes back with its rollback', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    await dieBefore(world, 'journal.append verified', (operations) =>
      operations.safePutRecords('docs', [record('a', 2, 2), record('b', 2, 2)]),
    )
    await world.store.deleteRecords(DOCS, ['a'])
    await world.recover()
    expect(world.snapshot()['docs']?.records['a']?.vector).toEqual([1, 1])
    expect(world.snapshot()['docs']?.records['b']?.vector).toEqual([1, 1])
  })

  it('after the line of a delete is in the backup before the collection is dropped', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    await dieBefore(world, 'store.dropCollection docs', (operations) =>
      operations.safeDeleteCollection('docs'),
    )
    await world.store.putRecords(DOCS, [record('late', 5, 5)])
    const { process, reports } = await world.recover()
    expect(reports.map(({ outcome }) => outcome)).toEqual(['committed'])
    expect(world.snapshot()).toEqual({})
    const [deleted] = await process.engine.journal.list()
    await process.operations.undelete(deleted?.operationId ?? '')
    expect(await ids(world)).toEqual(['a', 'b', 'late'])
  })

  it('while a backup is taken is noticed, and the backup is taken again', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const { operations, engine } = await world.start()
    const off = engine.events.on('operation:checkpointed', () => {
      off()
      void world.store.putRecords(DOCS, [record('late', 5, 5)])
    })
    const result = await operations.safeDeleteCollection('docs')
    expect(result.recordCount).toBe(3)
    expect(result.verification.repaired).toBe(true)
    await operations.undelete(result.operationId)
    expect(await ids(world)).toEqual(['a', 'b', 'late'])
  })

  it('and delete while a backup is taken is noticed, also when the count is the same', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const { operations, engine } = await world.start()
    const off = engine.events.on('operation:checkpointed', () => {
      off()
      void world.store.deleteRecords(DOCS, ['a'])
      void world.store.putRecords(DOCS, [record('new', 5, 5)])
    })
    const result = await operations.safeDeleteCollection('docs')
    expect(result.verification.repaired).toBe(true)
    await operations.undelete(result.operationId)
    expect(await ids(world)).toEqual(['b', 'new'])
  })

  it('or delete after the line of a delete takes nothing out of its backup', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    await dieBefore(world, 'store.dropCollection docs', (operations) =>
      operations.safeDeleteCollection('docs'),
    )
    await world.store.deleteRecords(DOCS, ['a'])
    await world.store.putRecords(DOCS, [record('late', 5, 5)])
    const { process } = await world.recover()
    const [deleted] = await process.engine.journal.list()
    expect(deleted).toMatchObject({ state: 'committed', result: { recordCount: 3 } })
    const { recordCount } = await process.operations.undelete(deleted?.operationId ?? '')
    expect(recordCount).toBe(3)
    expect(await ids(world)).toEqual(['a', 'b', 'late'])
  })

  it('as an empty collection under the new name stays theirs when the name is refused', async () => {
    const world = await worldWith(COPYING, ['a'])
    const { operations, engine } = await world.start()
    engine.events.on('operation:checkpointed', () => {
      void world.store.createCollection({ name: 'papers', metric: 'euclidean', dimension: 2 })
    })
    const clone = operations.safeCloneCollection({ from: 'docs', to: 'papers' })
    await expect(clone).rejects.toMatchObject({
      code: 'COLLECTION_EXISTS',
      outcome: 'rolled-back',
    })
    expect(Object.keys(world.snapshot())).toEqual(['docs', 'papers'])
  })

  it('after the line of a delete of records is kept, and not counted as deleted', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    await dieBefore(world, 'store.deleteRecords docs', (operations) =>
      operations.safeDeleteRecords('docs', ['a', 'b']),
    )
    await world.store.putRecords(DOCS, [record('a', 9, 9)])
    const { process } = await world.recover()
    const [deleted] = await process.engine.journal.list()
    expect(deleted).toMatchObject({ state: 'committed', result: { recordCount: 1 } })
    expect(await ids(world)).toEqual(['a'])
  })

  it('after the line of a copied rename is carried over before the old one is dropped', async () => {
    const world = await worldWith(COPYING, ['a', 'b'])
    await dieBefore(world, 'store.dropCollection docs', (operations) =>
      operations.safeRenameCollection({ from: 'docs', to: 'papers' }),
    )
    await world.store.putRecords(DOCS, [record('late', 5, 5)])
    await world.recover()
    expect(Object.keys(world.snapshot())).toEqual(['papers'])
    expect(await ids(world, 'papers')).toEqual(['a', 'b', 'late'])
  })

  it('or drop: the old collection is kept when its verified copy is gone', async () => {
    const world = await worldWith(COPYING, ['a', 'b'])
    await dieBefore(world, 'store.dropCollection docs', (operations) =>
      operations.safeRenameCollection({ from: 'docs', to: 'papers' }),
    )
    await world.store.dropCollection({ name: 'papers' })
    const { process, reports } = await world.recover()
    expect(reports.map(({ outcome }) => outcome)).toEqual(['pending'])
    expect(await ids(world)).toEqual(['a', 'b'])
    expect((await process.engine.journal.listOpen()).length).toBe(1)
  })

  it('under the name of a copy that was never begun is not dropped with it', async () => {
    const world = await worldWith(COPYING, ['a'])
    await dieBefore(world, 'store.createCollection papers', (operations) =>
      operations.safeCloneCollection({ from: 'docs', to: 'papers' }),
    )
    await world.store.createCollection({ name: 'papers', metric: 'euclidean', dimension: 2 })
    await world.store.putRecords({ name: 'papers' }, [record('theirs', 1, 2)])
    const { reports } = await world.recover()
    expect(reports.map(({ outcome }) => outcome)).toEqual(['rolled-back'])
    expect(await ids(world, 'papers')).toEqual(['theirs'])
  })

  it('under a name that a rename has just given up is left alone', async () => {
    const world = await worldWith(KIND, ['a'])
    const { operations, engine } = await world.start()
    engine.events.on('operation:executed', () => {
      void world.store.createCollection({ name: 'docs', metric: 'dot', dimension: 9 })
    })
    await operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    expect(Object.keys(world.snapshot()).sort()).toEqual(['docs', 'papers'])
  })

  it('again after a delete of records is newer than what undelete has, and stays', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const { operations } = await world.start()
    const deleted = await operations.safeDeleteRecords('docs', ['a', 'b'])
    await world.store.putRecords(DOCS, [record('a', 7, 7)])
    const result = await operations.undelete(deleted.operationId)
    expect(result).toMatchObject({ recordCount: 1, keptCount: 1 })
    expect(result.verification.findings.map(({ kind }) => kind)).toEqual(['record:present'])
    expect(world.snapshot()['docs']?.records['a']?.vector).toEqual([7, 7])
  })

  it('keeps a rename from succeeding when records vanish in the middle of it', async () => {
    const world = await worldWith(KIND, ['a', 'b'])
    const { operations, engine } = await world.start()
    engine.events.on('operation:executed', () => {
      void world.store.deleteRecords({ name: 'papers' }, ['a'])
    })
    const rename = operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    await expect(rename).rejects.toMatchObject({
      code: 'VERIFICATION_FAILED',
      outcome: 'rolled-back',
      retryable: true,
    })
    expect(Object.keys(world.snapshot())).toEqual(['docs'])
  })
})
