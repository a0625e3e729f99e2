import { isEnded, type OperationRecord } from '../journal/journal.ts'
import { isHoldfastError } from '../model/errors.ts'
import { ABANDONED_KEEP_MS } from '../model/limits.ts'
import { dropCheckpoint } from './end-operation.ts'
import { cleaningUp, type Engine } from './engine.ts'
import { operationResource } from './undelete-collection.ts'

/** Whether the backups of an operation may still be asked for. */
function keepsCheckpoint(operation: OperationRecord, now: number): boolean {
  if (operation.checkpointDropped) return false
  if (!isEnded(operation)) return true
  if (operation.state === 'rolled-back') return false
  const { endedAt = 0, keepForMs = 0, state } = operation
  // Whoever gives an operation up wants to look, and what it has kept may be the only copy.
  const windowMs = state === 'abandoned' ? Math.max(keepForMs, ABANDONED_KEEP_MS) : keepForMs
  return now < endedAt + windowMs
}

/** Drops every backup that nobody can ask for any more. What can't be dropped now stays for later. */
export async function tidyUp(engine: Engine): Promise<void> {
  await cleaningUp(engine, 'dropping expired checkpoints', () => dropExpiredCheckpoints(engine))
  await cleaningUp(engine, 'dropping left backups', () => dropLeftBackups(engine))
}

/**
 * Drops what was kept for taking operations back, once their undo windows have passed. One whose
 * delete is being taken back right now is left for the next time.
 */
async function dropExpiredCheckpoints(engine: Engine): Promise<void> {
  const now = engine.clock.now()
  for (const operation of await engine.journal.list()) {
    const { operationId, kind, checkpoint, checkpointDropped } = operation
    const hasBackups = (checkpoint?.parts.length ?? 0) > 0
    if (!hasBackups || checkpointDropped || keepsCheckpoint(operation, now)) continue
    await whenFree(engine, operationResource(operationId), async () => {
      await dropCheckpoint(engine, { operationId, kind, ...(checkpoint && { checkpoint }) })
    })
  }
}

/**
 * Drops backups of operations that were undone, or whose undo window has passed, and whose owner
 * died before it could drop them. One that the journal doesn't know is kept: the journal may have
 * been cut or replaced, and then these records are the only ones left.
 */
async function dropLeftBackups(engine: Engine): Promise<void> {
  const backupIds: string[] = []
  for await (const { id } of engine.backups.list()) if (BACKUP_ID.test(id)) backupIds.push(id)
  for (const backupId of backupIds) {
    const operation = await engine.journal.get(operationOf(backupId))
    if (operation === undefined || keepsCheckpoint(operation, engine.clock.now())) continue
    await whenFree(engine, operationResource(operation.operationId), () =>
      engine.backups.delete(backupId),
    )
  }
}

/** The operation that has taken a backup. */
export function operationOf(backupId: string): string {
  return backupId.slice(0, backupId.lastIndexOf('.'))
}

/** The id of an operation (UUID) and the number of a checkpoint part. Others are not ours. */
const BACKUP_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\d+$/

async function whenFree(engine: Engine, resource: string, run: () => Promise<void>): Promise<void> {
  try {
    const lease = await engine.journal.acquire([resource], { waitMs: 0 })
    try {
      // An undelete that was left open needs what it was reading.
      const open = await engine.journal.listOpen()
      if (open.some(({ resources }) => resources.includes(resource))) return
      await run()
    } finally {
      await cleaningUp(engine, 'releasing a lease', async () => lease[Symbol.asyncDispose]())
    }
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'COLLECTION_BUSY') throw error
  }
}
