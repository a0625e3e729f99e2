import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { propertyRuns } from '../src/testing/generators.ts'
import { ModelRun } from './operation/model-run.ts'
import { modelSteps } from './operation/model-steps.ts'
import { STORE_KINDS } from './operation/world.ts'

const RUNS = propertyRuns(process.env, 300)
const TIMEOUT_MS = 400 * Math.max(1000, RUNS.numRuns)

it('any sequence of operations leaves what the model says', { timeout: TIMEOUT_MS }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...STORE_KINDS), modelSteps(), async (kind, steps) => {
      expect(await new ModelRun(kind, 1).run(steps)).toEqual([])
    }),
    RUNS,
  )
})
