import { describe, it } from 'vitest'
import { GuardedStore } from '../../src/store/guarded-store.ts'
import { describeAdapter } from '../../src/testing/describe-adapter.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import { MemoryStore, type MemoryStoreOptions } from '../../src/testing/memory-store.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { withFaults } from '../../src/testing/with-faults.ts'

const variants: Readonly<Record<string, MemoryStoreOptions>> = {
  'that can do everything': {},
  'known by names only': { identity: 'name' },
  'without rename': { rename: false },
  'known by names only, without rename': { identity: 'name', rename: false },
  'that normalizes': { vectorFidelity: 'normalized' },
  'with tiny batches': { batchRecordsMax: 3 },
  'that is picky': {
    recordProblem: ({ metadata }) =>
      metadata !== undefined && 'x' in metadata ? 'It has a key "x". Rename it.' : undefined,
  },
}

for (const [name, options] of Object.entries(variants)) {
  describeAdapter({
    name: `GuardedStore around a memory store ${name}`,
    runner: { describe, it, itFails: it.fails },
    open: async () => guard(new MemoryStore(options)),
  })
}

describeAdapter({
  name: 'GuardedStore around a store whose first write of all loses its answer',
  runner: { describe, it, itFails: it.fails },
  open: async () =>
    guard(withFaults(new MemoryStore(), new FaultPlan({ at: 0, fault: 'after', times: 2 }))),
  knownGaps: {
    'collections.create-race':
      'two that create the same at once and both lose the answer can not be told apart; ' +
      'operations hold a lease on the name, so they never do',
  },
})

function guard(store: ConstructorParameters<typeof GuardedStore>[0]): GuardedStore {
  const clock = new SimulatedClock({ selfAdvancing: true })
  return new GuardedStore(store, { clock, random: new SeededRandom(1) })
}
