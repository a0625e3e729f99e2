import { describe, it } from 'vitest'
import { describeAdapter } from '../../src/testing/describe-adapter.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import { MemoryStore, type MemoryStoreOptions } from '../../src/testing/memory-store.ts'
import { withFaults } from '../../src/testing/with-faults.ts'

const runner = { describe, it, itFails: it.fails }

const variants: Record<string, MemoryStoreOptions> = {
  memory: {},
  'memory without rename': { rename: false },
  'memory, known by names only': { identity: 'name' },
  'memory, normalized, small batches': { vectorFidelity: 'normalized', batchRecordsMax: 7 },
  'memory, euclidean only, flat metadata': {
    metrics: ['euclidean'],
    dimensionMax: 16,
    recordIdBytesMax: 64,
    names: { lengthMin: 3, lengthMax: 20, pattern: '[a-z][a-z0-9]*' },
    recordProblem: ({ metadata = {} }) =>
      Object.values(metadata).some((value) => typeof value === 'object')
        ? 'Its metadata holds more than strings, numbers and booleans. Flatten it.'
        : undefined,
  },
}

for (const [name, options] of Object.entries(variants)) {
  describeAdapter({ name, runner, open: async () => new MemoryStore(options) })
}

describeAdapter({
  name: 'memory, behind faults that never come',
  runner,
  open: async () => withFaults(new MemoryStore(), new FaultPlan({ reads: true })),
})
