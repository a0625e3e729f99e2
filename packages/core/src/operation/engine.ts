import type { BackupRepository } from '../backup/backup-repository.ts'
import type { Clock } from '../durable/clock.ts'
import type { Random } from '../durable/random.ts'
import type { Journal, JournalEvent, OperationRecord } from '../journal/journal.ts'
import type { EventBus } from '../model/event-bus.ts'
import type { VectorStoreAdapter } from '../store/adapter.ts'
import type { Operation } from './operation.ts'

/** The parts that run operations and end what a crash left open. */
export interface Engine {
  readonly store: VectorStoreAdapter
  readonly journal: Journal
  readonly backups: BackupRepository
  readonly events: EventBus
  readonly clock: Clock
  readonly random: Random
  /** Every operation that may stand in the journal, by kind. */
  readonly operations: ReadonlyMap<string, Operation<never, never>>
}

/** Appends what has happened, and tells listeners once it is durable. */
export async function record(
  engine: Engine,
  operation: Pick<OperationRecord, 'operationId' | 'kind'>,
  event: JournalEvent,
): Promise<void> {
  const { operationId, kind } = operation
  const at = engine.clock.now()
  await engine.journal.append({ ...event, operationId, at })
  const base = { operationId, kind, at }
  switch (event.type) {
    case 'checkpointed': {
      let recordCount = 0
      for (const part of event.checkpoint.parts) recordCount += part.manifest.count
      return engine.events.emit('operation:checkpointed', { ...base, recordCount })
    }
    case 'verified': {
      const { recordsChecked } = event.verification
      return engine.events.emit('operation:verified', { ...base, recordsChecked })
    }
    case 'rolled-back':
    case 'parked':
    case 'abandoned':
      return engine.events.emit(`operation:${event.type}`, { ...base, reason: event.reason })
    case 'planned':
    case 'executed':
    case 'committed':
      return engine.events.emit(`operation:${event.type}`, base)
    case 'checkpoint-dropped':
      return engine.events.emit('checkpoint:dropped', base)
    case 'noted':
      return
  }
}

/**
 * Says that something left over stays for now, and tells whether it is done. Cleaning up never fails
 * an operation.
 */
export async function cleaningUp(
  engine: Engine,
  what: string,
  run: () => Promise<void>,
): Promise<boolean> {
  try {
    await run()
    return true
  } catch (error) {
    engine.events.emit('cleanup:failed', { at: engine.clock.now(), what, error })
    return false
  }
}
