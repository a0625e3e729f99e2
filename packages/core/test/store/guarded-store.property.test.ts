import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { HoldfastError, isHoldfastError } from '../../src/model/errors.ts'
import type { GuardedStore } from '../../src/store/guarded-store.ts'
import { propertyRuns, type StoreStep, storeSteps } from '../../src/testing/generators.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { guard, pass } from './guarded-docs.ts'
import { type Behavior, unruly } from './unruly-store.ts'

const unreachable = new HoldfastError('STORE_UNAVAILABLE', 'The store could not be reached.', {
  outcome: 'unchanged',
  retryable: true,
})

/** What can happen to one call; at most three times in a row, since there are five attempts. */
const behavior = fc.constantFrom<Behavior>(
  'proper',
  'proper',
  'mute before',
  'mute after',
  { refuses: unreachable },
  { loses: unreachable.withOutcome('unknown') },
  { loses: 'a string' },
)

/** Which of the effects go wrong; reads are left alone, since a foreign error ends them at once. */
const EFFECTS: ReadonlySet<string> = new Set([
  'createCollection',
  'dropCollection',
  'renameCollection',
  'putRecords',
  'deleteRecords',
])

for (const identity of ['id', 'name'] as const) {
  it(`with collections known by ${identity}, an unreliable store ends up like a reliable one`, async () => {
    const property = fc.asyncProperty(
      storeSteps(),
      fc.array(behavior, { maxLength: 60 }),
      async (steps, behaviors) => {
        const clock = new SimulatedClock()
        const reliable = new MemoryStore({ identity, batchRecordsMax: 2 })
        const unreliable = new MemoryStore({ identity, batchRecordsMax: 2 })
        const left = [...behaviors]
        let failuresInARow = 0
        const script = (method: string): Behavior => {
          if (!EFFECTS.has(method)) return 'proper'
          const next = failuresInARow < 3 ? (left.shift() ?? 'proper') : 'proper'
          failuresInARow = next === 'proper' ? 0 : failuresInARow + 1
          return next
        }
        const options = { clock, callTimeoutMs: 100, retryDelayMs: 10 }
        const model = guard(reliable)
        const guarded = guard(unruly(unreliable, script).store, options)
        for (const step of steps) {
          const expected = await outcomeOf(run(model, step))
          expect(await outcomeOf(pass(clock, run(guarded, step)))).toEqual(expected)
          expect(unreliable.snapshot()).toEqual(reliable.snapshot())
        }
      },
    )
    await fc.assert(property, propertyRuns(process.env, 60))
  })
}

async function run(store: GuardedStore, step: StoreStep): Promise<void> {
  switch (step.type) {
    case 'create':
      await store.createCollection(step.spec)
      return
    case 'drop':
      return store.dropCollection({ name: step.name })
    case 'rename':
      return store.renameCollection?.({ from: { name: step.from }, to: step.to })
    case 'put':
      return store.putRecords({ name: step.name }, step.records)
    case 'delete':
      return store.deleteRecords({ name: step.name }, step.ids)
  }
}

async function outcomeOf(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
  )
}
