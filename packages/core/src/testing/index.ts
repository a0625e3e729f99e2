export { type AdapterUnderTest, describeAdapter } from './describe-adapter.ts'
export {
  type BackupRepositoryUnderTest,
  describeBackupRepository,
} from './describe-backup-repository.ts'
export { describeJournal, type JournalUnderTest } from './describe-journal.ts'
export {
  CrashError,
  type Fault,
  type FaultPlace,
  FaultPlan,
  type FaultPlanOptions,
} from './fault-plan.ts'
export type { MemoryCall } from './memory-file-handle.ts'
export { MemoryFileSystem, type MemoryFileSystemOptions } from './memory-file-system.ts'
export type { Survival } from './memory-node.ts'
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export {
  type MemoryCollectionSnapshot,
  type MemoryRecordSnapshot,
  MemoryStoreData,
  type MemoryStoreSnapshot,
  type StoredCollection,
  type StoredRecord,
} from './memory-store-data.ts'
export type { OpenBackupRepository } from './open-backup-repository.ts'
export type { OpenJournal } from './open-journal.ts'
export { SeededRandom } from './seeded-random.ts'
export { SimulatedClock, type SimulatedClockOptions } from './simulated-clock.ts'
export { SimulatedMachine, type SimulatedProcess } from './simulated-machine.ts'
export type { TestRunner } from './test-runner.ts'
export { withFaults } from './with-faults.ts'
