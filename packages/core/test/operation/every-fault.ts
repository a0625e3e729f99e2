import { isHoldfastError } from '../../src/model/errors.ts'
import { type Fault, FaultPlan, type FaultPlanOptions } from '../../src/testing/fault-plan.ts'
import type { MemoryStoreSnapshot } from '../../src/testing/memory-store-data.ts'
import { type Prepared, type Scenario, sameState } from './scenarios.ts'
import { restViolations, type StoreKind, World } from './world.ts'

/** When what is late happens: before the next process recovers, or after it has. */
type Landing = 'before recovery' | 'after recovery'

export interface Case {
  readonly scenario: Scenario
  readonly kind: StoreKind
  readonly plan: FaultPlanOptions
  readonly landing: Landing
  /** The effect at which the first recovery dies, if it does. */
  readonly recoveryDiesAt?: number
}

export interface CaseReport {
  readonly violations: readonly string[]
  /** How many effects recovery had, to enumerate its deaths. */
  readonly recoveryEffects: number
}

interface Told {
  readonly outcome: string
  readonly error?: unknown
}

/** Runs one case and tells what must not have happened. */
export async function runCase(test: Case): Promise<CaseReport> {
  const { scenario, kind, plan: options } = test
  const world = new World(kind, 1)
  const prepared = await scenario.prepare(world)
  const before = world.snapshot()
  const after = scenario.after(before, prepared)
  const plan = new FaultPlan(options)
  const told = await outcomeOf(scenario, world, prepared, plan)
  const violations: string[] = []

  if (!plan.dead && options.times === Number.POSITIVE_INFINITY) plan.heal()
  // What a living caller is told must be true at that moment, not only later.
  if (told.outcome === 'done' && !sameState(world.snapshot(), after)) {
    violations.push('told that it is done, but it is not')
  }
  const isUndone = told.outcome === 'unchanged' || told.outcome === 'rolled-back'
  if (isUndone && !sameState(world.snapshot(), before)) {
    violations.push(`told "${told.outcome}", but the store has changed`)
  }

  world.killAll()
  if (test.landing === 'before recovery') await plan.land()
  const recoveryPlan = new FaultPlan(
    test.recoveryDiesAt === undefined
      ? {}
      : { at: test.recoveryDiesAt, crash: true, fault: options.fault ?? 'before' },
  )
  await world.recover(recoveryPlan).catch((error: unknown) => {
    if (!recoveryPlan.dead) violations.push(`recovery failed: ${String(error)}`)
  })
  const recoveryEffects = recoveryPlan.effects
  world.killAll()
  await recoveryPlan.land()
  if (recoveryPlan.dead) {
    await world.recover()
    world.killAll()
  }
  const settled = world.snapshot()
  const isBefore = sameState(settled, before)
  const isAfter = sameState(settled, after)
  if (!isBefore && !isAfter) violations.push('left half done')
  if (told.outcome === 'done' && !isAfter) violations.push('done, but undone by recovery')
  if (told.outcome === 'committed' && !isAfter) violations.push('committed, but not finished')
  if (isUndone && !isBefore) violations.push(`${told.outcome}, but done by recovery`)
  violations.push(...(await restViolations(world)))
  violations.push(...(await journalViolations(world, scenario, isAfter)))
  if (test.landing === 'after recovery') {
    await plan.land()
    if (!isKeptSafe(world.snapshot(), before, after)) violations.push('a late effect lost records')
  }
  return { violations, recoveryEffects }
}

async function outcomeOf(
  scenario: Scenario,
  world: World,
  prepared: Prepared,
  plan: FaultPlan,
): Promise<Told> {
  try {
    const process = await world.start(plan)
    await scenario.run(process, prepared)
    return { outcome: 'done' }
  } catch (error) {
    return { outcome: isHoldfastError(error) ? error.outcome : 'died', error }
  }
}

/** The journal must say what is true. */
export async function journalViolations(
  world: World,
  scenario: Scenario,
  isAfter: boolean,
): Promise<readonly string[]> {
  const { engine } = await world.start()
  const violations: string[] = []
  const latest = (await engine.journal.list()).at(-1)
  const isCommitted = latest?.state === 'committed' && isOf(latest.kind, scenario)
  if (isCommitted !== isAfter) {
    violations.push(`the journal says ${latest?.kind} ${latest?.state}, the store ${isAfter}`)
  }
  for await (const { id } of engine.backups.list()) {
    const operationId = id.slice(0, id.lastIndexOf('.'))
    const operation = await engine.journal.get(operationId)
    if (operation?.state === 'rolled-back' && !operation.checkpointDropped) {
      violations.push(`the backup ${id} of a ${operation.state} operation is left`)
    }
  }
  return violations
}

function isOf(kind: string, { title }: Scenario): boolean {
  const [verb = ''] = title.split(' ')
  return kind.includes(verb)
}

/**
 * A late effect may make what was told untrue (`docs/guarantees.md`), but loses nothing: every
 * record is there as it was before or as it was to be, or was told to be deleted.
 */
function isKeptSafe(
  now: MemoryStoreSnapshot,
  before: MemoryStoreSnapshot,
  after: MemoryStoreSnapshot,
): boolean {
  const records = (snapshot: MemoryStoreSnapshot): ReadonlySet<string> =>
    new Set(Object.values(snapshot).flatMap((collection) => Object.keys(collection.records)))
  const [nowIds, beforeIds, afterIds] = [records(now), records(before), records(after)]
  return [...beforeIds].every((id) => nowIds.has(id) || !afterIds.has(id))
}

/** How many effects the operation has when nothing fails. */
export async function countEffects(scenario: Scenario, kind: StoreKind): Promise<number> {
  const world = new World(kind, 1)
  const prepared = await scenario.prepare(world)
  const plan = new FaultPlan()
  await scenario.run(await world.start(plan), prepared)
  return plan.effects
}

export const FAULTS: readonly Fault[] = ['before', 'after', 'partial', 'late']
