import { isEnded, type OperationRecord } from '../journal/journal.ts'
import { isHoldfastError } from '../model/errors.ts'
import { dropCheckpoint } from './end-operation.ts'
import { cleaningUp, type Engine } from './engine.ts'
import { operationResource } from './undelete-collection.ts'

/** Whether the backups of an operation may still be asked for. */
export function keepsCheckpoint(operation: OperationRecord, now: number): boolean {
  if (operation.checkpointDropped) return false
  if (!isEnded(operation)) return true
  if (operation.state === 'rolled-back') return false
  return now < (operation.endedAt ?? 0) + (operation.keepForMs ?? 0)
}

/**
 * Drops what was kept for taking operations back, once their undo windows have passed. One whose
 * delete is being taken back right now is left for the next time.
 */
export async function dropExpiredCheckpoints(engine: Engine): Promise<void> {
  const now = engine.clock.now()
  for (const operation of await engine.journal.list()) {
    const { operationId, kind, checkpoint, checkpointDropped } = operation
    const hasBackups = checkpoint?.parts.some((part) => part.backupId !== undefined) ?? false
    if (!hasBackups || checkpointDropped || keepsCheckpoint(operation, now)) continue
    await whenFree(engine, operationResource(operationId), async () => {
      await dropCheckpoint(engine, { operationId, kind, ...(checkpoint && { checkpoint }) })
    })
  }
}

async function whenFree(engine: Engine, resource: string, run: () => Promise<void>): Promise<void> {
  try {
    const lease = await engine.journal.acquire([resource], { waitMs: 0 })
    try {
      await run()
    } finally {
      await cleaningUp(engine, 'releasing a lease', async () => lease[Symbol.asyncDispose]())
    }
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'COLLECTION_BUSY') throw error
  }
}
