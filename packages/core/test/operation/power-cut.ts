import { isHoldfastError } from '../../src/model/errors.ts'
import { recoverAll } from '../../src/operation/recover.ts'
import { tidyUp } from '../../src/operation/undo-window.ts'
import { type Fault, FaultPlan, type FaultPlanOptions } from '../../src/testing/fault-plan.ts'
import type { MemoryCall } from '../../src/testing/memory-file-handle.ts'
import type { MemoryStoreSnapshot } from '../../src/testing/memory-store-data.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { journalViolations } from './every-fault.ts'
import { type Prepared, type Scenario, sameState } from './scenarios.ts'
import { type Process, restViolations, type StoreKind, World } from './world.ts'

/** What a power cut leaves of what was not synced: all, none, or what this seed decides. */
type Keep = 'all' | 'none' | number

/** The power goes at one effect, and perhaps again at an effect of the recovery. */
export interface PowerCut {
  readonly at: number
  readonly fault: Fault
  readonly keep: Keep
  readonly recovery?: { readonly at: number; readonly keep: Keep }
}

/** The disk fails at one effect, or from then on; the process goes on until it ends as told. */
export interface DiskFault {
  readonly at: number
  readonly fault: 'before' | 'after' | 'half'
  readonly code: 'EIO' | 'ENOSPC'
  readonly lasts: boolean
  /** How the process ends. One that goes on keeps house before others come. */
  readonly end: 'goes on' | 'killed' | Keep
}

/** One scenario in a fresh world, ready to run. */
interface Stage {
  readonly world: World
  readonly scenario: Scenario
  readonly prepared: Prepared
  readonly before: MemoryStoreSnapshot
  readonly after: MemoryStoreSnapshot
}

async function setUp(scenario: Scenario, kind: StoreKind): Promise<Stage> {
  const world = new World(kind, 1)
  const prepared = await scenario.prepare(world)
  world.killAll()
  const before = world.snapshot()
  return { world, scenario, prepared, before, after: scenario.after(before, prepared) }
}

/** Cuts the power as told, lets a new process recover, and tells what must not have happened. */
export async function runPowerCut(
  scenario: Scenario,
  kind: StoreKind,
  { at, fault, keep, recovery }: PowerCut,
): Promise<readonly string[]> {
  const stage = await setUp(scenario, kind)
  const { world } = stage
  const plan = planOn(world, { at, fault, crash: true })
  const told = await run(stage, plan, await start(world, plan))
  const violations = [...truthViolations(stage, told)]
  world.cutPower(survival(keep))
  if (recovery !== undefined) {
    const plan = planOn(world, { at: recovery.at, crash: true })
    await world.recover(plan).catch((error: unknown) => {
      if (!plan.dead) throw error
    })
    world.cutPower(survival(recovery.keep))
  }
  return [...violations, ...(await aftermathViolations(stage, told))]
}

/** Lets the disk fail as told. The process lives, and what it says must be true. */
export async function runDiskFault(
  scenario: Scenario,
  kind: StoreKind,
  diskFault: DiskFault,
): Promise<readonly string[]> {
  const stage = await setUp(scenario, kind)
  const { world } = stage
  const process = await world.start()
  world.storage.disk.onCall = failing(diskFault)
  const told = await run(stage, new FaultPlan(), process)
  world.storage.disk.onCall = undefined
  const violations = [...truthViolations(stage, told)]
  const { end } = diskFault
  if (end === 'goes on') {
    await recoverAll(process.engine, { waitMs: 0 })
    await tidyUp(process.engine)
  }
  if (typeof end === 'number' || end === 'none' || end === 'all') world.cutPower(survival(end))
  else world.killAll()
  return [...violations, ...(await aftermathViolations(stage, told))]
}

/** The effects of an operation by name, on the store and on the disk, when nothing fails. */
export async function traceOf(scenario: Scenario, kind: StoreKind): Promise<readonly string[]> {
  const stage = await setUp(scenario, kind)
  const plan = planOn(stage.world, {})
  await run(stage, plan, await start(stage.world, plan))
  return plan.trace
}

/** All parts of the next process, and the disk, die together. */
function planOn(world: World, options: FaultPlanOptions): FaultPlan {
  const plan = new FaultPlan(options)
  world.storage.disk.onCall = (call) => plan.call({ part: 'disk', ...call })
  return plan
}

function failing({ at, fault, code, lasts }: DiskFault) {
  let effect = 0
  return async <Result>(call: MemoryCall<Result>): Promise<Result> => {
    const index = call.reads ? -1 : effect++
    if (index !== at && !(lasts && index > at)) return call.run()
    if (fault === 'after') await call.run()
    if (fault === 'half') await call.half?.()
    throw Object.assign(new Error(`${code}: planned, ${call.method}`), { code })
  }
}

function survival(keep: Keep): 'all' | 'none' | SeededRandom {
  return typeof keep === 'number' ? new SeededRandom(keep) : keep
}

/** A process, unless it dies before it has started. */
async function start(world: World, plan: FaultPlan): Promise<Process | undefined> {
  try {
    return await world.start(plan)
  } catch (error) {
    if (plan.dead) return undefined
    throw error
  }
}

/** `done`, the outcome of the error, or `nothing` when the process was dead by then. */
async function run(
  { scenario, prepared }: Stage,
  plan: FaultPlan,
  process: Process | undefined,
): Promise<string> {
  if (process === undefined) return 'nothing'
  try {
    await scenario.run(process, prepared)
    return 'done'
  } catch (error) {
    if (plan.dead) return 'nothing'
    if (isHoldfastError(error)) return error.outcome
    throw error
  }
}

function isUndone(told: string): boolean {
  return told === 'unchanged' || told === 'rolled-back'
}

/** What a living caller is told must be true at that moment. */
function truthViolations({ world, before, after }: Stage, told: string): readonly string[] {
  const now = world.snapshot()
  if (told === 'done' && !sameState(now, after)) return ['told that it is done, but it is not']
  if (isUndone(told) && !sameState(now, before)) return [`told "${told}", but it has changed`]
  return []
}

/** What must be true once a process has recovered. */
async function aftermathViolations(stage: Stage, told: string): Promise<readonly string[]> {
  const { world, scenario, prepared, before, after } = stage
  await world.recover()
  world.killAll()
  const settled = world.snapshot()
  const isAfter = sameState(settled, after)
  const violations: string[] = []
  if (!isAfter && !sameState(settled, before)) violations.push('left half done')
  if ((told === 'done' || told === 'committed') && !isAfter) violations.push(`${told}, but undone`)
  if (isUndone(told) && isAfter) violations.push(`${told}, but done`)
  violations.push(...(await restViolations(world)))
  violations.push(...(await journalViolations(world, scenario, isAfter)))
  if (violations.length > 0) return violations
  // Nothing is lost, and nothing is in the way: what was undone can be done, and a delete taken back.
  const process = await world.start()
  if (!isAfter) await scenario.run(process, prepared)
  if (!sameState(world.snapshot(), after)) violations.push('can not be done any more')
  const latest = (await process.engine.journal.list()).at(-1)
  if (latest?.kind.endsWith(':delete')) {
    await process.operations.undelete(latest.operationId)
    if (!sameState(world.snapshot(), before)) violations.push('a delete that can not be taken back')
  }
  return violations
}
