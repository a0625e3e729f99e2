import { setTimeout as sleep } from 'node:timers/promises'
import type { OperationRecord, OperationResult } from '@holdfast/core'
import { SeededRandom } from '@holdfast/core/testing'
import { type ChurnModel, type ChurnStep, callOf, randomStep } from './churn-model.ts'
import type { OpenOptions } from './protocol.ts'
import { noteKill } from './sections.ts'
import type { TrialWorld } from './trial.ts'
import { ProcessDied, WorkerFailure, type WorkerProcess } from './worker-process.ts'

export interface ChurnOptions {
  readonly seed: number
  readonly open: OpenOptions & { readonly sections: string }
  readonly names: readonly string[]
  readonly processes: number
  readonly durationMs: number
  /** Pause between two kills, on average. */
  readonly killEveryMs: number
}

/** What was asked, and what was told about it. */
interface ChurnCall {
  readonly number: number
  readonly step: ChurnStep
  /** Which of the processes that run side by side; a new one takes the place of one that died. */
  readonly place: number
  readonly told: OperationResult | WorkerFailure | ProcessDied
}

export interface ChurnReport {
  readonly calls: readonly ChurnCall[]
  readonly kills: number
}

const WAIT_MS = [0, 2_000, 60_000]
/** What may come of calls that know nothing of each other. */
const EXPECTED_CODES = [
  'COLLECTION_BUSY',
  'COLLECTION_NOT_FOUND',
  'COLLECTION_EXISTS',
  'UNDELETE_UNAVAILABLE',
]

/** Several processes do random things on the same collections, and some of them are killed. */
export async function churn(world: TrialWorld, options: ChurnOptions): Promise<ChurnReport> {
  const { seed, open, names, durationMs } = options
  const calls: ChurnCall[] = []
  const deletedIds: string[] = []
  const workers: WorkerProcess[] = []
  let asked = 0
  let kills = 0
  const endsAt = performance.now() + durationMs
  const isOver = (): boolean => performance.now() >= endsAt

  const runPlace = async (place: number): Promise<void> => {
    const random = new SeededRandom(seed + place)
    for (;;) {
      const worker = await world.pool.take()
      workers[place] = worker
      try {
        await worker.call('open', open)
        while (!isOver()) {
          const number = asked++
          const step = randomStep(random, names, deletedIds)
          const waitMs = WAIT_MS[random.integer(WAIT_MS.length)] as number
          const told = await tell(worker, step, number, waitMs)
          calls.push({ number, step, place, told })
          if (told instanceof ProcessDied) throw told
          const isDelete = step.do === 'delete' || step.do === 'delete records'
          if (isDelete && !(told instanceof Error)) deletedIds.push(told.operationId)
        }
        return await worker.close()
      } catch (error) {
        if (!(error instanceof ProcessDied)) throw error
      }
    }
  }
  const killSome = async (): Promise<void> => {
    const random = new SeededRandom(seed - 1)
    for (;;) {
      await sleep(options.killEveryMs * (0.5 + random.next()))
      if (isOver()) return
      const worker = workers[random.integer(workers.length)]
      if (worker === undefined || !worker.isAlive) continue
      await noteKill(open.sections, worker.pid)
      await worker.kill()
      kills++
    }
  }
  const places = Array.from({ length: options.processes }, (_, place) => runPlace(place))
  await Promise.all([...places, killSome()])
  return { calls, kills }
}

async function tell(
  worker: WorkerProcess,
  step: ChurnStep,
  number: number,
  waitMs: number,
): Promise<ChurnCall['told']> {
  const { method, args } = callOf(step, number)
  try {
    return await worker.operate(method, ...args, { actor: `step ${number}`, waitMs })
  } catch (error) {
    if (error instanceof WorkerFailure || error instanceof ProcessDied) return error
    throw error
  }
}

/**
 * Whether what was told agrees with the journal, and whether the journal makes sense: brings the
 * model to where the store should be.
 * @param history oldest first
 */
export function churnFaults(
  { calls }: ChurnReport,
  history: readonly OperationRecord[],
  model: ChurnModel,
): readonly string[] {
  const faults: string[] = []
  const byActor = new Map(history.map((operation) => [operation.actor, operation]))
  for (const { number, step, told } of calls) {
    const operation = byActor.get(`step ${number}`)
    const isCommitted = operation?.state === 'committed'
    const what = `step ${number} (${step.do})`
    if (told instanceof ProcessDied) continue
    if (!(told instanceof WorkerFailure)) {
      const isSame = isCommitted && operation.operationId === told.operationId
      if (!isSame) faults.push(`${what} was told done, and is ${operation?.state}`)
      continue
    }
    if (isCommitted) faults.push(`${what} was told ${told.code}, and is committed`)
    if (told.outcome !== 'unchanged' || !EXPECTED_CODES.includes(String(told.code))) {
      faults.push(`${what} was told ${told.code} (${told.outcome}): ${told.message}`)
    }
  }
  const steps = new Map(calls.map((call) => [`step ${call.number}`, call]))
  for (const operation of history) {
    if (operation.state !== 'committed') continue
    const call = steps.get(String(operation.actor))
    if (call === undefined) {
      faults.push(`nobody asked for ${operation.operationId}`)
      continue
    }
    try {
      model.apply(operation, call.step, call.number)
    } catch (error) {
      const { step, number } = call
      faults.push(`step ${number} is committed: ${JSON.stringify(step)}, but ${String(error)}`)
      return faults
    }
  }
  return faults
}
