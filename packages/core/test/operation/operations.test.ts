import { describe, expect, it } from 'vitest'
import { SCENARIOS, sameState } from './scenarios.ts'
import { restViolations, STORE_KINDS, World } from './world.ts'

describe.each(STORE_KINDS)('operations on %o', (kind) => {
  it.each(SCENARIOS)('$title: done, verified, and nothing else touched', async (scenario) => {
    const world = new World(kind, 1)
    const prepared = await scenario.prepare(world)
    const before = world.snapshot()
    const result = await scenario.run(await world.start(), prepared)
    expect(result.outcome).toBe('committed')
    expect(result.consistencyVerified).toBe(true)
    expect(sameState(world.snapshot(), scenario.after(before, prepared))).toBe(true)
    expect(await restViolations(world)).toEqual([])
  })
})
