import { expect, it } from 'vitest'
import {
  type ConsistencyManager,
  type ConsistencyManagerOptions,
  openConsistencyManager,
} from '../src/consistency-manager.ts'
import { HoldfastError } from '../src/model/errors.ts'
import type { RecoveryReport } from '../src/operation/recover.ts'
import { FaultPlan } from '../src/testing/fault-plan.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import { SimulatedClock } from '../src/testing/simulated-clock.ts'
import { withFaults } from '../src/testing/with-faults.ts'
import { Storage } from './operation/storage.ts'
import { unruly } from './store/unruly-store.ts'

/** A store that takes requests and never answers, as behind a broken load balancer. */

const DOCS = { name: 'docs' }
const SECONDS_MS = 1_000

/** A rename that was left in the middle by a process that died, and the machine it ran on. */
async function leftRename() {
  const clock = new SimulatedClock()
  const random = new SeededRandom(1)
  const inner = new MemoryStore()
  await inner.createCollection({ ...DOCS, metric: 'dot', dimension: 1 })
  await inner.putRecords(DOCS, [{ id: 'a', vector: Float32Array.of(1) }])
  let storage = new Storage(clock, random)
  const hanging: { is: boolean | 'refusing' } = { is: false }
  const away = new HoldfastError('STORE_UNAVAILABLE', 'away', {
    outcome: 'unchanged',
    retryable: true,
  })
  const { store, calls } = unruly(inner, () => {
    if (hanging.is === 'refusing') return { refuses: away }
    return hanging.is ? 'mute before' : undefined
  })

  async function open(plan?: FaultPlan): Promise<ConsistencyManager> {
    const { journal, backups } = await storage.open()
    const parts: ConsistencyManagerOptions['parts'] = {
      fileSystem: storage.disk,
      clock,
      random,
      journal: plan === undefined ? journal : withFaults(journal, plan),
      backups,
    }
    return openConsistencyManager({ store, directory: '/holdfast', parts })
  }

  // The first two effects claim the directory; the process dies right before `executed` is noted.
  const plan = new FaultPlan({ at: 6, crash: true })
  const dying = await open(plan)
  await dying.operations.safeRenameCollection({ from: 'docs', to: 'papers' }).catch(() => {})
  expect(plan.dead).toBe(true)
  expect(Object.keys(inner.snapshot())).toEqual(['papers'])
  storage = storage.afterProcessDeath()
  return { clock, inner, calls, hanging, open }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets time pass until something has happened, and tells how much that took. */
async function passed<Result>(clock: SimulatedClock, what: Promise<Result>): Promise<number> {
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  what.then(end, end)
  const startedMs = clock.monotonic()
  for (let second = 0; second < 300; second++) {
    await turns()
    if (isOver) return clock.monotonic() - startedMs
    await clock.advance(SECONDS_MS)
  }
  throw new Error('it never ended')
}

it('does not keep a manager from opening, and is recovered when it answers again', async () => {
  const { clock, inner, hanging, open } = await leftRename()
  hanging.is = true
  const opening = open()
  expect(await passed(clock, opening)).toBeLessThanOrEqual(10 * SECONDS_MS)
  const manager = await opening
  expect(manager.recovered).toMatchObject<Partial<RecoveryReport>[]>([
    { kind: 'collection:rename', outcome: 'pending' },
  ])
  hanging.is = false
  const ended = new Promise((resolve) => manager.on('operation:recovered', resolve))
  await passed(clock, ended)
  expect(await ended).toMatchObject({ outcome: 'rolled-back' })
  expect(Object.keys(inner.snapshot())).toEqual(['docs'])
  await manager.close()
})

it('does not keep a manager from closing, and what it left open stays open', async () => {
  const { clock, inner, hanging, open } = await leftRename()
  hanging.is = true
  const opening = open()
  await passed(clock, opening)
  const manager = await opening
  const recovering = manager.recover()
  const closing = manager.close()
  expect(await passed(clock, closing)).toBe(0)
  expect((await recovering).map(({ outcome }) => outcome)).not.toContain('rolled-back')
  hanging.is = false
  const again = open()
  // What was not waited for may still land.
  const waitedMs = await passed(clock, again)
  expect(waitedMs).toBeGreaterThan(0)
  expect(waitedMs).toBeLessThanOrEqual(5 * SECONDS_MS)
  const next = await again
  expect(next.recovered.map(({ outcome }) => outcome)).toEqual(['rolled-back'])
  expect(Object.keys(inner.snapshot())).toEqual(['docs'])
  await next.close()
})

it('does not keep a manager from closing between two attempts', async () => {
  const { clock, calls, hanging, open } = await leftRename()
  hanging.is = 'refusing'
  const opening = open()
  await passed(clock, opening)
  const manager = await opening
  // The next round in the background has asked once, and waits before it asks again.
  const before = calls.length
  while (calls.length === before) {
    await clock.advance(SECONDS_MS / 20)
    await turns()
  }
  expect(await passed(clock, manager.close())).toBe(0)
})
