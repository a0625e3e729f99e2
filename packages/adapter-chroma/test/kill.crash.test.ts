import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { type KillReport, type Measured, measure, runKill } from './crash/kill-case.ts'
import { type KillPlan, planOf, SEEDS_PER_ROUND } from './crash/kill-plan.ts'
import { runLateRequests } from './crash/late-requests.ts'
import { SCENARIOS, type Scenario } from './crash/scenarios.ts'
import { runStaleMetadata } from './crash/stale-metadata.ts'
import { closeWorld, openWorld } from './crash/test-world.ts'
import { Trial, type TrialWorld } from './crash/trial.ts'

/**
 * Real processes on real files and a real Chroma server, killed with SIGKILL: right when they have
 * told how far they are, before, in the middle of and after each change of the disk and the store,
 * at any time, and again while they recover. Whatever the moment, the operation is done or undone,
 * the journal says which, nothing is lost, nothing is left, and nobody has to wait.
 *
 * `SEED=123` repeats one kill; `EFFORT=10` kills ten times as often.
 */
const KILLS_MIN = 100
/** Those that change the store above the line, where it can be taken back. */
const LATE_KINDS = ['records:put', 'records:undelete', 'collection:rename', 'collection:clone']
const PUTTING_KINDS = ['records:put', 'records:undelete']
const LATE_REQUESTS = 10
const LATE_RECORDS = 300
/** Apart from the seeds of the kills. */
const LATE_SEED = 1e9
const STALE_SEED = 2e9
const PHASES = [
  'opening',
  'before planned',
  'operation:planned',
  'operation:checkpointed',
  'operation:executed',
  'operation:verified',
  'operation:committed',
]

const given = process.env['SEED']
const rounds = Math.max(1, Math.round(Number(process.env['EFFORT'] ?? 1)))
const firstSeed = Number(given ?? Date.now() % 1e9)
const seeds = Array.from(
  { length: given === undefined ? rounds * SEEDS_PER_ROUND : 1 },
  (_, index) => firstSeed + index,
)
const reports: KillReport[] = []

describe.skipIf(chromaUrl() === undefined)('a process that is killed', () => {
  let world: TrialWorld

  beforeAll(async () => {
    console.log(`${seeds.length} kills, seeds from ${firstSeed}`)
    world = await openWorld(chromaUrl() ?? '')
  })

  afterAll(async () => {
    const isFine = reports.every(({ violations }) => violations.length === 0)
    await closeWorld(world, { keep: !isFine })
  })

  it.each(SCENARIOS)('$title: done or undone', { timeout: rounds * 600_000 }, async (scenario) => {
    const measured = new Map<number, Measured>()
    const failures: string[] = []
    for (const plan of seeds.map(planOf).filter((one) => one.scenario === scenario)) {
      const { seed, recordCount } = plan
      const known = measured.get(recordCount) ?? (await measure(world, plan))
      measured.set(recordCount, known)
      const { phase, place, violations } = await runOne(plan, known)
      if (violations.length === 0) continue
      failures.push(`SEED=${seed}: killed ${place} (${phase}): ${violations.join('; ')}`)
    }
    expect(failures).toEqual([])
  })

  async function runOne(plan: KillPlan, measured: Measured): Promise<KillReport> {
    const trial = await Trial.prepare(world, plan)
    try {
      const report = await runKill(world, trial, plan, measured)
      reports.push(report)
      if (report.violations.length === 0) await trial.dispose()
      return report
    } catch (cause) {
      throw new Error(`SEED=${plan.seed} failed in ${trial.open.directory}`, { cause })
    }
  }

  it.each(SCENARIOS.filter(({ kind }) => PUTTING_KINDS.includes(kind)))(
    '$title: recognizes its own records, whatever Chroma has made of them',
    async (scenario) => {
      const options = { seed: firstSeed + STALE_SEED, scenario, recordCount: LATE_RECORDS }
      expect(await runStaleMetadata(world, options)).toEqual([])
    },
  )

  // Bounded by time, and so by how busy the machine is: a server that stalls for longer is a limit.
  it('leaves no request behind that lands after recovery', {
    timeout: 600_000,
    retry: 2,
  }, async () => {
    const kinds = SCENARIOS.filter(({ kind }) => LATE_KINDS.includes(kind))
    const trials = Array.from({ length: LATE_REQUESTS * rounds }, (_, index) => ({
      seed: firstSeed + LATE_SEED + index,
      scenario: kinds[index % kinds.length] as Scenario,
      recordCount: LATE_RECORDS,
    }))
    expect(await runLateRequests(world, trials)).toEqual([])
  })

  it.skipIf(given !== undefined)('was killed often enough, and in every phase', () => {
    const counts = new Map(PHASES.map((phase) => [phase, 0]))
    for (const { phase } of reports) counts.set(phase, (counts.get(phase) ?? 0) + 1)
    const again = reports.filter(({ wasRecoveryKilled }) => wasRecoveryKilled).length
    const openMs = Math.max(...reports.map((report) => report.openMs))
    const lines = [...counts].map(([phase, count]) => `${String(count).padStart(5)} ${phase}`)
    console.log(
      `${reports.length} kills by the last thing that was told, ${again} more in recovery; ` +
        `opening took ${Math.round(openMs)} ms at most:\n${lines.join('\n')}`,
    )
    for (const [phase, count] of counts) expect(count, phase).toBeGreaterThan(0)
    expect(again).toBeGreaterThan(0)
    expect(reports.length + again).toBeGreaterThanOrEqual(KILLS_MIN)
  })
})
