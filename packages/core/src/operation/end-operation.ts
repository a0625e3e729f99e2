import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import type { JsonObject } from '../model/record.ts'
import { cleaningUp, type Engine, record } from './engine.ts'
import type { Operation } from './operation.ts'
import { checkpointOf, endContext, reasonOf, type Work } from './work.ts'

/**
 * The two ways in which an operation ends, the same right after it was built and after a crash.
 * Neither may be given up half-way: what can't be ended now is parked, and recovery tries again.
 */

/** Runs what lies below the line, and says that it is done. */
export async function commitOperation(
  engine: Engine,
  operation: Operation<never, never>,
  work: Work,
  durationsMs: () => JsonObject,
): Promise<void> {
  const plan = work.plan as never
  try {
    await engine.journal.assertHeld()
    await operation.commit(endContext(engine, work), plan, checkpointOf(work))
  } catch (cause) {
    if (isLeaseLost(cause)) throw takenOver(work, cause)
    await park(engine, work, cause)
    throw commitPending(work, 'It is decided, but could not be finished yet', cause)
  }
  try {
    const result = operation.result(plan, checkpointOf(work), work.warnings) as JsonObject
    await record(engine, work, { type: 'committed', result, durationsMs: durationsMs() })
  } catch (cause) {
    throw commitPending(work, 'It is done, but the journal could not take note of it', cause)
  }
  const { operationId, kind } = work
  for (const { type, ...facts } of operation.changes(plan, checkpointOf(work), work.warnings)) {
    const at = engine.clock.now()
    engine.events.emit(type, { operationId, kind, at, ...facts } as never)
  }
  if (work.keepForMs === 0) await dropCheckpoint(engine, work)
}

/**
 * Undoes what was built. Resolves when the store is as it was before; then the operation has had
 * no effect. Tells whether the journal could take note of that; if not, recovery looks again.
 * @throws ROLLBACK_PENDING when the store doesn't let it, or when it has left a request unanswered
 *   that may yet take effect: then recovery looks again
 */
export async function rollBackOperation(
  engine: Engine,
  operation: Operation<never, never>,
  work: Work,
  failure: unknown,
): Promise<boolean> {
  const reason = reasonOf(failure)
  try {
    await engine.journal.assertHeld()
    await operation.rollback(endContext(engine, work), work.plan as never, work.checkpoint)
  } catch (rollbackFailure) {
    if (isLeaseLost(rollbackFailure)) throw takenOver(work, rollbackFailure)
    await park(engine, work, rollbackFailure)
    throw rollbackPending(work, failure, `could not be undone yet (${reasonOf(rollbackFailure)})`)
  }
  if (isUnanswered(failure)) {
    await park(engine, work, failure)
    throw rollbackPending(work, failure, 'was undone, but a request without an answer may land yet')
  }
  return await cleaningUp(
    engine,
    `taking note of the rollback of ${work.operationId}`,
    async () => {
      await record(engine, work, { type: 'rolled-back', reason })
      await dropCheckpoint(engine, work)
    },
  )
}

/** Whether the store may still be working on what was asked. */
function isUnanswered(failure: unknown): boolean {
  return (
    isHoldfastError(failure) &&
    failure.outcome === 'unknown' &&
    (failure.code === 'STORE_TIMEOUT' || failure.code === 'STORE_UNAVAILABLE')
  )
}

function rollbackPending(work: Work, failure: unknown, what: string): HoldfastError {
  return new HoldfastError(
    'ROLLBACK_PENDING',
    `${work.kind} failed (${reasonOf(failure)}) and ${what}. Recovery undoes what is left of it: ` +
      'on the next operation on the same collections, in the background, and when the manager is ' +
      'opened again.',
    {
      outcome: 'unknown',
      retryable: false,
      details: { operationId: work.operationId },
      cause: failure,
    },
  )
}

function isLeaseLost(error: unknown): boolean {
  return isHoldfastError(error) && error.code === 'LEASE_LOST'
}

/**
 * An operation belongs to whoever holds its lease. A process that stood still for so long that
 * another one took over neither finishes nor undoes anything: that has been done by now, and undoing
 * it could undo what came after.
 */
function takenOver(work: Work, cause: unknown): HoldfastError {
  return new HoldfastError(
    'LEASE_LOST',
    `This process stood still for so long that another one has taken over and ended ${work.kind} ` +
      `(${work.operationId}). Look at how it ended with \`manager.history()\`.`,
    { outcome: 'unknown', retryable: false, details: { operationId: work.operationId }, cause },
  )
}

/** Removes the records that were kept for taking an operation back. */
export async function dropCheckpoint(
  engine: Engine,
  work: Pick<Work, 'operationId' | 'kind' | 'checkpoint'>,
): Promise<void> {
  const backupIds = (work.checkpoint?.parts ?? []).map((part) => part.backupId)
  if (backupIds.length === 0) return
  await cleaningUp(engine, `dropping the checkpoint of ${work.operationId}`, async () => {
    for (const backupId of backupIds) await engine.backups.delete(backupId)
    await record(engine, work, { type: 'checkpoint-dropped' })
  })
}

async function park(engine: Engine, work: Work, failure: unknown): Promise<void> {
  const reason = reasonOf(failure)
  await cleaningUp(engine, `taking note that ${work.operationId} is parked`, async () => {
    const known = await engine.journal.get(work.operationId)
    if (known?.parked && known.reason === reason) return
    await record(engine, work, { type: 'parked', reason })
  })
}

function commitPending(work: Work, what: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'COMMIT_PENDING',
    `${work.kind} has passed the point of no return. ${what} (${reasonOf(cause)}). Recovery ends ` +
      'it: on the next operation on the same collections, in the background, and when the ' +
      'manager is opened again. Do not repeat the call.',
    {
      outcome: 'committed',
      retryable: false,
      details: { operationId: work.operationId },
      cause,
    },
  )
}

/** The error that a caller sees after a rollback: the one that caused it, with its true outcome. */
export function withRolledBackOutcome(failure: unknown): unknown {
  return isHoldfastError(failure) ? failure.withOutcome('rolled-back') : failure
}
