import { expect, it } from 'vitest'
import { withStorage } from './taken-over.ts'
import { World } from './world.ts'

/**
 * A process that stands still for so long that another one takes over must touch nothing when it
 * wakes: its operation has been ended, and newer ones may stand on that.
 */
it.each([
  { rename: false, identity: 'name', vectorFidelity: 'exact' },
  { rename: true, identity: 'id', vectorFidelity: 'exact' },
] as const)('a process that wakes up too late undoes nothing: %o', async (kind) => {
  const world = new World(kind, 1)
  await world.store.createCollection({ name: 'docs', metric: 'dot', dimension: 1 })
  await world.store.putRecords({ name: 'docs' }, [{ id: 'a', vector: Float32Array.of(1) }])
  const sleeper = await withStorage(world, 0)
  const rename = sleeper.operations.safeRenameCollection({ from: 'docs', to: 'papers' })
  await sleeper.asleep
  // To this one, whoever started before is dead.
  const successor = await withStorage(world, 1)
  await successor.recover()
  await successor.operations.safeRenameCollection({ from: 'docs', to: 'papers' })
  const settled = world.snapshot()
  expect(Object.keys(settled)).toEqual(['papers'])
  sleeper.wake()
  await expect(rename).rejects.toMatchObject({ code: 'LEASE_LOST', outcome: 'unknown' })
  expect(world.snapshot()).toEqual(settled)
  const states = (await successor.list()).map(({ state }) => state)
  expect(states).toEqual(['rolled-back', 'committed'])
})
