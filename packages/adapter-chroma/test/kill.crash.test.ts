import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { KillCase, type KillReport, type KillWorld, type Measured } from './crash/kill-case.ts'
import { type KillPlan, planOf, SEEDS_PER_ROUND } from './crash/kill-plan.ts'
import type { ChromaPlace } from './crash/protocol.ts'
import { SCENARIOS } from './crash/scenarios.ts'
import { WorkerPool } from './crash/worker-pool.ts'
import { type OwnDatabase, ownDatabase } from './with-chroma.ts'

/**
 * Real processes on real files and a real Chroma server, killed with SIGKILL: right when they have
 * told how far they are, before, in the middle of and after each change of the disk and the store,
 * at any time, and again while they recover. Whatever the moment, the operation is done or undone,
 * the journal says which, nothing is lost, nothing is left, and nobody has to wait.
 *
 * `SEED=123` repeats one kill; `EFFORT=10` kills ten times as often.
 */
const KILLS_MIN = 100
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
  let world: KillWorld
  let database: OwnDatabase

  beforeAll(async () => {
    console.log(`${seeds.length} kills, seeds from ${firstSeed}`)
    database = await ownDatabase()
    const pool = new WorkerPool(1)
    world = {
      pool,
      helper: await pool.take(),
      client: database.client,
      chroma: placeOf(database.name),
      root: await mkdtemp(join(tmpdir(), 'holdfast-kill-')),
    }
  })

  afterAll(async () => {
    await world?.pool.close()
    const isFine = reports.every(({ violations }) => violations.length === 0)
    if (!isFine) return console.error(`What was left is in ${world.root} and ${database.name}.`)
    await rm(world.root, { recursive: true, force: true })
    await database.remove()
  })

  it.each(SCENARIOS)('$title: done or undone', async (scenario) => {
    const own = seeds.map(planOf).filter((plan) => plan.scenario === scenario)
    if (own.length === 0) return
    const measured = new Map<number, Measured>()
    const failures: string[] = []
    for (const plan of own) {
      const { recordCount } = plan
      const known = measured.get(recordCount) ?? (await KillCase.measure(world, plan))
      measured.set(recordCount, known)
      const { phase, place, violations } = await runOne(plan, known)
      if (violations.length === 0) continue
      failures.push(`SEED=${plan.seed}: killed ${place} (${phase}): ${violations.join('; ')}`)
    }
    expect(failures).toEqual([])
  })

  async function runOne(plan: KillPlan, measured: Measured): Promise<KillReport> {
    const one = await KillCase.prepare(world, plan)
    const report = await one.run(plan, measured).catch((error: unknown) => {
      throw new Error(`SEED=${plan.seed} (${one.directory}) failed`, { cause: error })
    })
    reports.push(report)
    if (report.violations.length === 0) await one.dispose()
    return report
  }

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

function placeOf(database: string): ChromaPlace {
  const { hostname, port } = new URL(chromaUrl() ?? '')
  return { host: hostname, port: Number(port), tenant: 'default_tenant', database }
}
