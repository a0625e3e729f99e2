import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningChroma, startChroma } from '../../../scripts/servers/chroma.mjs'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { SCENARIOS } from './crash/scenarios.ts'
import {
  runServerKill,
  SERVER_SEEDS_PER_ROUND,
  type ServerKillReport,
  serverPlanOf,
} from './crash/server-kill-case.ts'
import { closeWorld, openWorld } from './crash/test-world.ts'
import type { TrialWorld } from './crash/trial.ts'

/**
 * The Chroma server itself is killed in the middle of operations and started again on its data,
 * while the operation still tries, after it has given up, or after its process has died as well.
 * What the caller was told is true, and recovery makes everything whole.
 *
 * `SEED=123` repeats one; `EFFORT=10` does ten times as many.
 */
const given = process.env['SEED']
const rounds = Math.max(1, Math.round(Number(process.env['EFFORT'] ?? 1)))
const firstSeed = Number(given ?? Date.now() % 1e9)
const seeds = Array.from(
  { length: given === undefined ? rounds * SERVER_SEEDS_PER_ROUND : 1 },
  (_, index) => firstSeed + index,
)

describe.skipIf(chromaUrl() === undefined)('a Chroma server that is killed', () => {
  const reports: ServerKillReport[] = []
  let dataDirectory: string
  let server: RunningChroma
  let world: TrialWorld

  beforeAll(async () => {
    console.log(`${seeds.length} kills of the server, seeds from ${firstSeed}`)
    dataDirectory = await mkdtemp(join(tmpdir(), 'holdfast-chroma-'))
    server = await startChroma({ dataDirectory })
    world = await openWorld(server.url)
  })

  afterAll(async () => {
    const isFine = reports.every(({ violations }) => violations.length === 0)
    await closeWorld(world, { keep: !isFine })
    await server?.stop()
    if (isFine) await rm(dataDirectory, { recursive: true, force: true })
    console.log(tally(reports))
  })

  it.each(SCENARIOS)('$title: as told', { timeout: rounds * 600_000 }, async (scenario) => {
    const failures: string[] = []
    for (const plan of seeds.map(serverPlanOf).filter((one) => one.scenario === scenario)) {
      const done = await runServerKill(world, server, plan).catch((cause: unknown) => {
        throw new Error(`SEED=${plan.seed} (${plan.course}) failed`, { cause })
      })
      server = done.server
      reports.push(done.report)
      const { course, place, told, violations } = done.report
      if (violations.length === 0) continue
      failures.push(`SEED=${plan.seed}: ${course} ${place}, told ${told}: ${violations.join('; ')}`)
    }
    expect(failures).toEqual([])
  })
})

function tally(reports: readonly ServerKillReport[]): string {
  const counts = new Map<string, number>()
  for (const { course, told, verdict } of reports) {
    const line = `${course}: told ${told}, then ${verdict}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  const lines = [...counts].sort().map(([line, count]) => `${String(count).padStart(5)} ${line}`)
  return `${reports.length} kills of the server:\n${lines.join('\n')}`
}
