import type { BackupRepository } from '../backup/backup-repository.ts'
import type { Journal } from '../journal/journal.ts'
import type { VectorStoreAdapter } from '../store/adapter.ts'
import type { FaultPlan } from './fault-plan.ts'
import { FaultyBackupRepository } from './faulty-backup-repository.ts'
import { FaultyJournal } from './faulty-journal.ts'
import { FaultyStore } from './faulty-store.ts'

/**
 * A part that fails as planned and otherwise behaves like `part`, abilities included. Wrap store,
 * journal and repository of one process with the same plan: they die together.
 *
 * What the dead leave behind: a lease stays held, as in `part` itself; free it as its storage does
 * after the death of a process (a lock file whose holder is gone), and open a new journal on it.
 */
export function withFaults(part: VectorStoreAdapter, plan: FaultPlan): VectorStoreAdapter
export function withFaults(part: Journal, plan: FaultPlan): Journal
export function withFaults(part: BackupRepository, plan: FaultPlan): BackupRepository
export function withFaults(
  part: VectorStoreAdapter | Journal | BackupRepository,
  plan: FaultPlan,
): VectorStoreAdapter | Journal | BackupRepository {
  if ('putRecords' in part) return new FaultyStore(part, plan)
  if ('acquire' in part) return new FaultyJournal(part, plan)
  return new FaultyBackupRepository(part, plan)
}
