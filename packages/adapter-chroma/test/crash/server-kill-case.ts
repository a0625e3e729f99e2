import { SeededRandom } from '@holdfast/core/testing'
import type { RunningChroma } from '../../../../scripts/servers/chroma.mjs'
import { startChroma } from '../../../../scripts/servers/chroma.mjs'
import type { Stop } from './protocol.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { Trial, type TrialWorld } from './trial.ts'
import { WorkerFailure, type WorkerProcess } from './worker-process.ts'

/** What happens around the death of the server. */
type Course =
  /** It is back soon, while the operation is still trying. */
  | 'short outage'
  /** It is away until the operation has given up. */
  | 'long outage'
  /** The process of the operation dies too, and the next one opens while the server is away. */
  | 'both die'

const COURSES: readonly Course[] = ['short outage', 'long outage', 'both die']
/** That many seeds in a row are every course with every kind of operation. */
export const SERVER_SEEDS_PER_ROUND = SCENARIOS.length * COURSES.length

export interface ServerKillPlan {
  readonly seed: number
  readonly scenario: Scenario
  readonly course: Course
  readonly recordCount: number
  readonly stop: Stop
}

export interface ServerKillReport {
  readonly course: Course
  readonly place: string
  /** What the caller was told: `done`, an outcome, or `died`. */
  readonly told: string
  readonly verdict: string
  readonly violations: readonly string[]
}

const RECORDS = 200
const DISK_EFFECTS = 12
const DELAY_MS_MAX = 20
const MOMENTS = ['before', 'after', 'during'] as const
/** Gives up within a second, when nobody answers. */
const ATTEMPTS_SHORT = 2

export function serverPlanOf(seed: number): ServerKillPlan {
  const random = new SeededRandom(seed)
  const scenario = SCENARIOS[seed % SCENARIOS.length] as Scenario
  const course = COURSES[Math.floor(seed / SCENARIOS.length) % COURSES.length] as Course
  const isRequest = random.next() < 0.7
  const requests = requestsOf(scenario)
  const stop: Stop = {
    kind: isRequest ? 'request' : 'disk',
    effect: random.integer(isRequest ? requests : DISK_EFFECTS),
    moment: MOMENTS[random.integer(isRequest ? 3 : 2)] as 'before' | 'after' | 'during',
    delayMs: random.integer(DELAY_MS_MAX),
  }
  return { seed, scenario, course, recordCount: RECORDS, stop }
}

/** How many requests that change something it makes at least. */
function requestsOf({ kind }: Scenario): number {
  if (kind === 'collection:rename' || kind === 'collection:delete') return 1
  return kind.startsWith('records:') ? 2 : 4
}

/** Kills the server in the middle of an operation. Tells what is wrong, and the next server. */
export async function runServerKill(
  world: TrialWorld,
  server: RunningChroma,
  { scenario, seed, recordCount, course, stop }: ServerKillPlan,
): Promise<{ readonly report: ServerKillReport; readonly server: RunningChroma }> {
  const trial = await Trial.prepare(world, { scenario, seed, recordCount })
  const first = await world.pool.take()
  const isShort = course === 'short outage'
  await first.call('open', { ...trial.open, ...(isShort ? {} : { attemptsMax: ATTEMPTS_SHORT }) })
  await first.call('stopAt', stop)
  const outcome = toldOutcome(trial.operate(first))
  const reached = await Promise.race([first.reached(), outcome.then(() => undefined)])
  await server.kill()
  const { told, worker, next } = await outlive(world, server, { trial, first, course, outcome })

  const violations: string[] = []
  for (const { kind, outcome: how, reason } of await worker.call('recover')) {
    if (how === 'pending') violations.push(`recovery left ${kind} open: ${reason}`)
  }
  const { verdict, faults } = await trial.look(worker)
  violations.push(...faults)
  const isDone = verdict === 'committed'
  const saidDone = told === 'done' || told === 'committed'
  const saidUndone = told === 'unchanged' || told === 'rolled-back'
  if ((saidDone && !isDone) || (saidUndone && isDone)) {
    violations.push(`told ${told}, but it is ${verdict}`)
  }
  violations.push(...(await trial.goOn(worker, isDone)))
  if (violations.length === 0) await trial.dispose()
  const place = reached?.what ?? 'at the end'
  return { report: { course, place, told, verdict, violations }, server: next }
}

interface Outage {
  readonly trial: Trial
  readonly first: WorkerProcess
  readonly course: Course
  readonly outcome: Promise<string>
}

/** From the death of the server to the next one, with the worker that is alive then. */
async function outlive(
  world: TrialWorld,
  server: RunningChroma,
  { trial, first, course, outcome }: Outage,
): Promise<{
  readonly told: string
  readonly worker: WorkerProcess
  readonly next: RunningChroma
}> {
  if (course === 'both die') {
    await first.kill()
    const worker = await world.pool.take()
    await worker.call('open', { ...trial.open, attemptsMax: ATTEMPTS_SHORT })
    return { told: await outcome, worker, next: await restart(server) }
  }
  await first.call('goOn')
  if (course === 'short outage') {
    const next = await restart(server)
    return { told: await outcome, worker: first, next }
  }
  const told = await outcome
  return { told, worker: first, next: await restart(server) }
}

function restart({ dataDirectory, port }: RunningChroma): Promise<RunningChroma> {
  return startChroma({ dataDirectory, port })
}

async function toldOutcome(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
    return 'done'
  } catch (error) {
    if (!(error instanceof WorkerFailure)) return 'died'
    return error.outcome ?? `${error.name}: ${error.message}`
  }
}
