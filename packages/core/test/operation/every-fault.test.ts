import { describe, expect, it } from 'vitest'
import { type Case, countEffects, FAULTS, runCase } from './every-fault.ts'
import { SCENARIOS } from './scenarios.ts'
import { STORE_KINDS } from './world.ts'

/**
 * Each effect of each operation fails before, after, half-way and late; the process lives or dies;
 * a later effect kills it too; and recovery dies at each of its effects. Nothing is ever left half
 * done, and nobody is told what is not true.
 */
describe.each(STORE_KINDS)('every fault on %o', (kind) => {
  it.each(SCENARIOS)('$title', { timeout: 120_000 }, async (scenario) => {
    const effects = await countEffects(scenario, kind)
    expect(effects).toBeGreaterThan(5)
    const failures: string[] = []
    let cases = 0
    const check = async (test: Case): Promise<number> => {
      cases++
      const { violations, recoveryEffects } = await runCase(test)
      if (violations.length > 0) {
        const { landing, plan, recoveryDiesAt } = test
        failures.push(JSON.stringify({ ...plan, landing, recoveryDiesAt, violations }))
      }
      return recoveryEffects
    }
    for (const fault of FAULTS) {
      // Ten violations tell enough.
      for (let at = 0; at < effects && failures.length < 10; at++) {
        for (const landing of ['before recovery', 'after recovery'] as const) {
          if (fault !== 'late' && landing === 'after recovery') continue
          const base = { scenario, kind, landing }
          // A hiccup that a retry hides, an outage, and a store that is gone for good.
          await check({ ...base, plan: { at, fault } })
          await check({ ...base, plan: { at, fault, times: Number.POSITIVE_INFINITY } })
          await check({ ...base, plan: { at, fault, times: 1, retryable: false } })
          const outage = { at, fault, times: Number.POSITIVE_INFINITY, reach: 'part' } as const
          await check({ ...base, plan: outage })
          const recoveryEffects = await check({ ...base, plan: { at, fault, crash: true } })
          for (let dies = 0; dies < recoveryEffects; dies++) {
            await check({ ...base, plan: { at, fault, crash: true }, recoveryDiesAt: dies })
          }
          for (let crashAt = at + 1; crashAt < effects + 8; crashAt++) {
            await check({ ...base, plan: { at, fault, crashAt, retryable: false } })
          }
        }
      }
    }
    expect(failures, `${failures.length} of ${cases} cases`).toEqual([])
  })
})
