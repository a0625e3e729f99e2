import { isEnded, type Lease, type LeaseOptions, type OperationRecord } from '../journal/journal.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import { REQUEST_LANDS_MS } from '../model/limits.ts'
import type { JsonObject } from '../model/record.ts'
import { commitOperation, rollBackOperation } from './end-operation.ts'
import { cleaningUp, type Engine } from './engine.ts'
import type { Operation } from './operation.ts'
import { reasonOf, workOf } from './work.ts'

/** How an operation that a crash or an unreachable store had left open was ended. */
export interface RecoveryReport {
  readonly operationId: string
  readonly kind: string
  /** `pending`: it could not be ended this time; `reason` says why. */
  readonly outcome: 'committed' | 'rolled-back' | 'pending'
  readonly reason?: string
}

/**
 * Ends every open operation that nobody is working on: finishes it when its `verified` entry is
 * durable, else undoes it. Operations under way, here or in another process, hold their leases and
 * are left alone. When aborted, what has not been ended stays open.
 * @param reports where reports go as they come
 */
export async function recoverAll(
  engine: Engine,
  options: LeaseOptions,
  reports: RecoveryReport[] = [],
): Promise<readonly RecoveryReport[]> {
  const { signal } = options
  for (const { operationId, resources } of await engine.journal.listOpen()) {
    if (signal?.aborted) break
    let lease: Lease
    try {
      lease = await engine.journal.acquire(resources, options)
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'COLLECTION_BUSY') continue
      if (signal?.aborted) break
      throw error
    }
    try {
      const open = await engine.journal.get(operationId)
      if (open === undefined || isEnded(open)) continue
      reports.push(await recoverOperation(engine, open, options))
    } finally {
      await cleaningUp(engine, 'releasing a lease', async () => lease[Symbol.asyncDispose]())
    }
  }
  return reports
}

/**
 * Holds `resources`, after having ended whatever is open on them. Whoever is about to change a
 * collection stands on firm ground then.
 * @throws COLLECTION_BUSY, OPERATION_PENDING
 */
export async function acquireSettled(
  engine: Engine,
  resources: readonly string[],
  options: LeaseOptions,
): Promise<Lease> {
  let wanted = new Set(resources)
  for (;;) {
    const lease = await engine.journal.acquire([...wanted], options)
    try {
      const open = (await engine.journal.listOpen()).filter((operation) =>
        operation.resources.some((resource) => wanted.has(resource)),
      )
      // An open rename of one of our collections has a second name that it may touch.
      const more = new Set([...wanted, ...open.flatMap((operation) => operation.resources)])
      if (more.size === wanted.size) {
        for (const operation of open) await settle(engine, operation, options)
        return lease
      }
      wanted = more
    } catch (error) {
      await cleaningUp(engine, 'releasing a lease', async () => lease[Symbol.asyncDispose]())
      throw error
    }
    await lease[Symbol.asyncDispose]()
  }
}

async function settle(
  engine: Engine,
  operation: OperationRecord,
  options: LeaseOptions,
): Promise<void> {
  const report = await recoverOperation(engine, operation, options)
  options.signal?.throwIfAborted()
  if (report.outcome !== 'pending') return
  throw new HoldfastError(
    'OPERATION_PENDING',
    `An earlier ${operation.kind} (${operation.operationId}) on the same collections could not be ` +
      `ended yet: ${report.reason}. Try again when its cause is gone, or give it up as it stands ` +
      'with `manager.abandon(operationId, reason)`.',
    {
      outcome: 'unchanged',
      retryable: true,
      details: { operationId: operation.operationId, kind: operation.kind },
    },
  )
}

/** Under a lease on the operation's resources. */
async function recoverOperation(
  engine: Engine,
  open: OperationRecord,
  { signal }: LeaseOptions,
): Promise<RecoveryReport> {
  const { operationId, kind } = open
  const operation = engine.operations.get(kind)
  if (operation === undefined) {
    const reason = `this version knows no operation "${kind}"; open the directory with a newer one`
    return { operationId, kind, outcome: 'pending', reason }
  }
  const outcome = open.state === 'verified' ? 'committed' : 'rolled-back'
  try {
    if (mayLand(operation, open)) await letLand(engine, open, signal)
    if (outcome === 'committed') {
      const durationsMs = (): JsonObject => ({ total: engine.clock.now() - open.startedAt })
      await commitOperation(engine, operation, workOf(open), durationsMs)
    } else if (!(await rollBackOperation(engine, operation, workOf(open), interrupted(open)))) {
      const reason = 'it is undone, but the journal could not take note of that'
      return { operationId, kind, outcome: 'pending', reason }
    }
  } catch (error) {
    return { operationId, kind, outcome: 'pending', reason: reasonOf(error) }
  }
  const at = engine.clock.now()
  engine.events.emit('operation:recovered', { operationId, kind, at, outcome })
  return { operationId, kind, outcome }
}

/** Whoever died while building, or gave up ending it, may have left a request without an answer. */
function mayLand({ builds }: Operation<never, never>, open: OperationRecord): boolean {
  return open.parked === true || (builds && open.state === 'checkpointed')
}

/**
 * The store may still be carrying out what it was asked for, and that would land on top of what is
 * done now. Most processes take longer to start again.
 */
async function letLand(
  { clock }: Engine,
  { updatedAt }: OperationRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const leftMs = Math.min(updatedAt + REQUEST_LANDS_MS - clock.now(), REQUEST_LANDS_MS)
  if (leftMs > 0) await clock.sleep(leftMs, signal === undefined ? {} : { signal })
}

function interrupted(open: OperationRecord): HoldfastError {
  return new HoldfastError('ROLLBACK_PENDING', `interrupted after "${open.state}"`, {
    outcome: 'unknown',
    retryable: false,
  })
}
