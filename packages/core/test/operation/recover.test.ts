import { expect, it } from 'vitest'
import { recoverAll } from '../../src/operation/recover.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import { World } from './world.ts'

const KIND = { rename: true, identity: 'id', vectorFidelity: 'exact' } as const

it('an undo that the journal could not take note of is pending, and is told when it is on record', async () => {
  const world = new World(KIND, 1)
  await world.store.createCollection({ name: 'docs', metric: 'dot', dimension: 1 })
  const before = world.snapshot()
  // The process dies right before the rename is noted as executed.
  const dying = await world.start(new FaultPlan({ at: 4, crash: true, fault: 'before' }))
  await dying.operations.safeRenameCollection({ from: 'docs', to: 'papers' }).catch(() => {})
  expect(Object.keys(world.snapshot())).toEqual(['papers'])
  world.killAll()

  // After taking the lease and changing the name back, every append fails.
  const outage = new FaultPlan({ at: 2, times: Number.POSITIVE_INFINITY, reach: 'method' })
  const { engine } = await world.start(outage)
  const told: unknown[] = []
  engine.events.on('operation:recovered', (event) => told.push(event))
  const [pending] = await recoverAll(engine, { waitMs: 0 })
  expect(outage.trace.slice(1, 3)).toEqual([
    'store.renameCollection papers',
    'journal.append rolled-back',
  ])
  expect(pending?.outcome).toBe('pending')
  expect(pending?.reason).toMatch(/undone, but the journal/)
  expect(told).toEqual([])
  expect(world.snapshot()).toEqual(before)

  outage.heal()
  const [ended] = await recoverAll(engine, { waitMs: 0 })
  expect(ended?.outcome).toBe('rolled-back')
  expect(told).toMatchObject([{ outcome: 'rolled-back' }])
  expect(world.snapshot()).toEqual(before)
})
