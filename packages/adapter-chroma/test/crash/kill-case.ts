import { setTimeout as sleep } from 'node:timers/promises'
import { type KillPlan, stopOf } from './kill-plan.ts'
import type { Effect, EffectKind } from './protocol.ts'
import { Trial, type TrialOptions, type TrialWorld } from './trial.ts'
import type { WorkerProcess } from './worker-process.ts'

/** How many effects there are, and how long it takes, when nobody is killed. */
export interface Measured {
  readonly opening: EffectCounts
  readonly operation: EffectCounts
  readonly recovery: EffectCounts
  readonly operationMs: number
}

type EffectCounts = Readonly<Record<EffectKind, number>>

export interface KillReport {
  /** The last thing that the process had told, or `opening`. */
  readonly phase: string
  /** Where exactly, as far as that is known. */
  readonly place: string
  readonly wasRecoveryKilled: boolean
  /** How long the process that stays took to open, which includes recovery. */
  readonly openMs: number
  readonly violations: readonly string[]
}

/** What happens when nobody is killed, and how much recovery has to do when somebody is. */
export async function measure(world: TrialWorld, options: TrialOptions): Promise<Measured> {
  const whole = await Trial.prepare(world, options)
  const worker = await world.pool.take()
  await worker.call('stopAt', undefined)
  await worker.call('open', whole.open)
  const opening = countsOf(await worker.call('effects'))
  await worker.call('stopAt', undefined)
  const startedMs = performance.now()
  await whole.operate(worker)
  const operationMs = performance.now() - startedMs
  const operation = countsOf(await worker.call('effects'))
  await worker.close()
  await whole.dispose()

  const half = await Trial.prepare(world, options)
  const first = await world.pool.take()
  await first.call('open', half.open)
  await first.call('stopAt', { event: 'operation:executed' })
  await killAtStop(first, half.operate(first))
  const second = await world.pool.take()
  await second.call('stopAt', undefined)
  await second.call('open', half.open)
  const recovery = countsOf(await second.call('effects'))
  await second.close()
  await half.dispose()
  return { opening, operation, recovery, operationMs }
}

/** Kills a process in the middle of an operation, and looks at what the next one makes of it. */
export async function runKill(
  world: TrialWorld,
  trial: Trial,
  plan: KillPlan,
  measured: Measured,
): Promise<KillReport> {
  const killed = await world.pool.take()
  const { place, wasToldDone } = await operateAndKill(trial, killed, plan, measured)
  const told = killed.events.map(({ name }) => name)
  const phase = place.startsWith('opening') ? 'opening' : (told.at(-1) ?? 'before planned')
  const wasRecoveryKilled = await recoverAndKill(world, trial, plan, measured)

  const worker = await world.pool.take()
  const { recovered, openMs } = await worker.call('open', trial.open)
  const { verdict, faults } = await trial.look(worker)
  const isDone = verdict === 'committed'
  const violations = [...faults]
  for (const { kind, outcome, reason } of recovered) {
    if (outcome === 'pending') violations.push(`recovery left ${kind} open: ${reason}`)
  }
  if (wasToldDone && !isDone) violations.push(`told done, but it is ${verdict}`)
  for (const name of ['operation:verified', 'operation:committed']) {
    if (told.includes(name) && !isDone) violations.push(`told ${name}, but it is ${verdict}`)
  }
  violations.push(...(await trial.goOn(worker, isDone)))
  return { phase, place, wasRecoveryKilled, openMs, violations }
}

async function operateAndKill(
  trial: Trial,
  worker: WorkerProcess,
  { kill }: KillPlan,
  measured: Measured,
): Promise<{ readonly place: string; readonly wasToldDone: boolean }> {
  if (kill.at === 'effect' && kill.during === 'opening') {
    await worker.call('stopAt', stopOf(kill, measured.opening[kill.kind]))
    const place = await killAtStop(worker, worker.call('open', trial.open))
    return { place: `opening, ${place ?? 'opened'}`, wasToldDone: false }
  }
  await worker.call('open', trial.open)
  if (kill.at === 'event') await worker.call('stopAt', { event: kill.event })
  if (kill.at === 'effect') {
    await worker.call('stopAt', stopOf(kill, measured.operation[kill.kind]))
  }
  let wasToldDone = false
  const running = trial.operate(worker).then(() => {
    wasToldDone = true
  })
  if (kill.at !== 'time') {
    const place = await killAtStop(worker, running)
    return { place: place ?? 'at the end', wasToldDone }
  }
  running.catch(() => {})
  const afterMs = Math.round(kill.share * measured.operationMs)
  await sleep(afterMs)
  await worker.kill()
  return { place: `after ${afterMs} ms`, wasToldDone }
}

/** A process that recovers may die as well. Tells whether one did. */
async function recoverAndKill(
  { pool }: TrialWorld,
  trial: Trial,
  { recovery }: KillPlan,
  measured: Measured,
): Promise<boolean> {
  if (recovery === undefined) return false
  const dying = await pool.take()
  await dying.call('stopAt', stopOf(recovery, measured.recovery[recovery.kind]))
  const place = await killAtStop(dying, dying.call('open', trial.open))
  return place !== undefined
}

/** Kills it at its stop, or when what it does is over. Tells the place, if it was reached. */
async function killAtStop(
  worker: WorkerProcess,
  running: Promise<unknown>,
): Promise<string | undefined> {
  const reached = worker.reached().then(({ what }) => what)
  reached.catch(() => {})
  const over = running.then(() => undefined)
  over.catch(() => {})
  try {
    return await Promise.race([reached, over])
  } finally {
    await worker.kill()
  }
}

function countsOf(effects: readonly Effect[]): EffectCounts {
  const count = (kind: EffectKind): number => effects.filter((one) => one.kind === kind).length
  return { disk: count('disk'), store: count('store'), request: count('request') }
}
