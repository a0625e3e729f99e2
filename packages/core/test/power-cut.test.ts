import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import {
  type DiskFault,
  type PowerCut,
  runDiskFault,
  runPowerCut,
  traceOf,
} from './operation/power-cut.ts'
import { SCENARIOS, type Scenario } from './operation/scenarios.ts'
import { STORE_KINDS, type StoreKind } from './operation/world.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
const EFFORT = Number(process.env['EFFORT'] ?? 1)
/** Of each scenario on each kind of store. */
const CASES_MAX = Math.ceil(50 * EFFORT)
const TIMEOUT_MS = 120_000 * Math.max(1, EFFORT)

/**
 * Journal and backups are real and on a disk that forgets what was not synced; the store keeps what
 * it has done. Whatever was told stays true, and what was not told is done or undone.
 */
describe(`SEED=${SEED}`, () => {
  it.each(SCENARIOS)(
    'the power goes at any moment of $title',
    { timeout: TIMEOUT_MS },
    (scenario) => checkAll(scenario, powerCutsIn, runPowerCut),
  )

  it.each(SCENARIOS)(
    'the disk fails at any moment of $title',
    { timeout: TIMEOUT_MS },
    (scenario) => checkAll(scenario, diskFaultsIn, runDiskFault),
  )
})

async function checkAll<Case>(
  scenario: Scenario,
  casesIn: (trace: readonly string[], random: SeededRandom) => readonly Case[],
  run: (scenario: Scenario, kind: StoreKind, test: Case) => Promise<readonly string[]>,
): Promise<void> {
  const random = new SeededRandom(SEED)
  const failures: string[] = []
  for (const kind of STORE_KINDS) {
    const cases = casesIn(await traceOf(scenario, kind), random)
    expect(cases.length).toBeGreaterThan(50)
    for (const test of sampleOf(cases, CASES_MAX, random)) {
      const violations = await run(scenario, kind, test).catch((error: unknown) => [String(error)])
      if (violations.length > 0) failures.push(JSON.stringify({ kind, ...test, violations }))
      // Ten violations tell enough.
      if (failures.length >= 10) break
    }
  }
  expect(failures).toEqual([])
}

/** Effects of journal and repository begin with one on the disk, so those are not cut by themselves. */
function powerCutsIn(trace: readonly string[], random: SeededRandom): readonly PowerCut[] {
  const cuts: PowerCut[] = []
  for (const [at, effect] of trace.entries()) {
    if (!/^(disk|store)\./.test(effect)) continue
    const halves = /^disk\.append|^store\.(put|delete)Records/.test(effect)
    for (const fault of halves ? (['before', 'partial'] as const) : (['before'] as const)) {
      for (const keep of ['none', 'all', random.integer(1e9)] as const) {
        cuts.push({ at, fault, keep })
        const again = { at: random.integer(30), keep: random.integer(1e9) }
        cuts.push({ at, fault, keep, recovery: again })
      }
    }
  }
  return cuts
}

function diskFaultsIn(trace: readonly string[], random: SeededRandom): readonly DiskFault[] {
  const faults: DiskFault[] = []
  const effects = trace.filter((effect) => effect.startsWith('disk.'))
  for (const [at, effect] of effects.entries()) {
    const ways = effect.startsWith('disk.append') ? WAYS : WAYS.slice(0, 2)
    for (const fault of ways) {
      for (const lasts of [false, true]) {
        const code = random.next() < 0.5 ? 'EIO' : 'ENOSPC'
        for (const end of ['goes on', 'killed', 'none', random.integer(1e9)] as const) {
          faults.push({ at, fault, code, lasts, end })
        }
      }
    }
  }
  return faults
}

const WAYS = ['before', 'after', 'half'] as const

/** Every case, or so many of them by chance. */
function sampleOf<Case>(
  cases: readonly Case[],
  countMax: number,
  random: SeededRandom,
): readonly Case[] {
  const left = [...cases]
  const sample: Case[] = []
  while (left.length > 0 && sample.length < countMax) {
    sample.push(...left.splice(random.integer(left.length), 1))
  }
  return sample
}
