import { expect, it } from 'vitest'
import { abandonOperation } from '../../src/operation/abandon.ts'
import { tidyUp } from '../../src/operation/undo-window.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import { World } from './world.ts'

const KIND = { rename: true, identity: 'id', vectorFidelity: 'exact' } as const
/** The undo window of `World`, and a little more. */
const PAST_THE_WINDOW_MS = 1_000_001

async function worldWithDocs(): Promise<World> {
  const world = new World(KIND, 1)
  await world.store.createCollection({ name: 'docs', metric: 'dot', dimension: 1 })
  for (const id of ['a', 'b']) {
    await world.store.putRecords({ name: 'docs' }, [{ id, vector: Float32Array.of(1) }])
  }
  return world
}

async function backupCount(world: World): Promise<number> {
  const { backups } = await world.storage.open()
  let count = 0
  for await (const _ of backups.list()) count++
  return count
}

it('backups go when their undo window has passed, and not before', async () => {
  const world = await worldWithDocs()
  const { engine, operations } = await world.start()
  const { operationId } = await operations.safeDeleteCollection('docs')
  await world.clock.advance(PAST_THE_WINDOW_MS - 10)
  await tidyUp(engine)
  expect(await backupCount(world)).toBe(1)
  await world.clock.advance(10)
  await tidyUp(engine)
  expect(await backupCount(world)).toBe(0)
  await expect(operations.undelete(operationId)).rejects.toMatchObject({
    code: 'UNDELETE_UNAVAILABLE',
  })
})

it('a repeated undelete is told what the first one was, also after the window', async () => {
  const world = await worldWithDocs()
  const { engine, operations } = await world.start()
  const { operationId } = await operations.safeDeleteCollection('docs')
  const first = await operations.undelete(operationId, { idempotencyKey: 'once' })
  await world.clock.advance(PAST_THE_WINDOW_MS)
  await tidyUp(engine)
  const again = await operations.undelete(operationId, { idempotencyKey: 'once' })
  expect(again).toMatchObject({ operationId: first.operationId, replayed: true })
})

it('an undelete that was left open keeps the backup that it needs to be undone', async () => {
  const world = await worldWithDocs()
  const { operations } = await world.start()
  const { operationId } = await operations.safeDeleteRecords('docs', ['a'])
  const plan = new FaultPlan({ at: 5, crash: true, fault: 'after' })
  const dying = await world.start(plan)
  await dying.operations.undelete(operationId).catch(() => {})
  expect(plan.trace.at(-1)).toMatch(/putRecords|append/)
  world.killAll()
  const next = await world.start()
  await world.clock.advance(PAST_THE_WINDOW_MS)
  await tidyUp(next.engine)
  const { reports } = await world.recover()
  expect(reports.map(({ outcome }) => outcome)).not.toContain('pending')
})

it('says that the window has passed when a crash came right after dropping the backup', async () => {
  const world = await worldWithDocs()
  const { engine, operations } = await world.start()
  const { operationId } = await operations.safeDeleteRecords('docs', ['a'])
  const { checkpoint } = (await engine.journal.get(operationId)) ?? {}
  for (const { backupId } of checkpoint?.parts ?? []) await engine.backups.delete(backupId)
  await expect(operations.undelete(operationId)).rejects.toMatchObject({
    code: 'UNDELETE_UNAVAILABLE',
  })
})

it('records go back into a collection that was itself deleted and brought back', async () => {
  const world = await worldWithDocs()
  const { operations } = await world.start()
  const records = await operations.safeDeleteRecords('docs', ['a'])
  const collection = await operations.safeDeleteCollection('docs')
  await operations.undelete(collection.operationId)
  await operations.undelete(records.operationId)
  expect(Object.keys(world.snapshot()['docs']?.records ?? {}).sort()).toEqual(['a', 'b'])
})

it('what a put has kept outlives its being given up', async () => {
  const world = await worldWithDocs()
  const plan = new FaultPlan({ at: 5, crash: true, fault: 'before' })
  const dying = await world.start(plan)
  const put = [{ id: 'a', vector: Float32Array.of(9) }]
  await dying.operations.safePutRecords('docs', put).catch(() => {})
  world.killAll()
  const { engine } = await world.start()
  const [open] = await engine.journal.listOpen()
  const kept = await backupCount(world)
  expect(kept).toBeGreaterThan(0)
  await abandonOperation(engine, open?.operationId ?? '', 'to look by hand')
  await tidyUp(engine)
  expect(await backupCount(world)).toBe(kept)
})
