export type {
  BackupBatch,
  BackupInfo,
  BackupRepository,
  BackupSource,
} from './backup/backup-repository.ts'
export {
  FileBackupRepository,
  type FileBackupRepositoryOptions,
} from './backup/file-backup-repository.ts'
export {
  ConsistencyManager,
  type ConsistencyManagerOptions,
  openConsistencyManager,
} from './consistency-manager.ts'
export { FileJournal, type FileJournalOptions } from './journal/file-journal.ts'
export type { HistoryFilter } from './journal/filter-history.ts'
export type {
  Checkpoint,
  CheckpointPart,
  Idempotency,
  Journal,
  JournalEntry,
  JournalEvent,
  Lease,
  LeaseOptions,
  OperationRecord,
  OperationState,
} from './journal/journal.ts'
export {
  type CollectionInfo,
  type CollectionRef,
  type CollectionSpec,
  type Metric,
  refOf,
} from './model/collection.ts'
export { DISPLAY_NAME_KEY, displayNameOf, fitsRules, storeNameOf } from './model/display-name.ts'
export {
  type ErrorCode,
  HoldfastError,
  type HoldfastErrorOptions,
  isHoldfastError,
  type Outcome,
} from './model/errors.ts'
export type { Listener, ListenerErrorHandler } from './model/event-bus.ts'
export type { CollectionEvent, EventBase, EventName, HoldfastEvents } from './model/events.ts'
export type { Finding } from './model/finding.ts'
export { type Manifest, ManifestBuilder, sameManifest } from './model/manifest.ts'
export type { JsonObject, JsonValue, Metadata, VectorRecord } from './model/record.ts'
export { sameRecord, VECTOR_TOLERANCE_NORMALIZED, vectorTolerance } from './model/same-record.ts'
export {
  type CollectionFinder,
  type CollectionName,
  type NamedCollection,
  resolveCollection,
} from './operation/collection-name.ts'
export type { PlanSummary } from './operation/operation.ts'
export type {
  DeleteOptions,
  DryRunOption,
  OperationOptions,
  UndeleteOptions,
} from './operation/operation-options.ts'
export type {
  CloneResult,
  CollectionResult,
  DeleteRecordsResult,
  DryRun,
  OperationResult,
  RenameResult,
  UndeleteResult,
} from './operation/operation-result.ts'
export type { Durations, Phase } from './operation/phase-timer.ts'
export type { RecoveryReport } from './operation/recover.ts'
export type { Verification, VerificationDepth } from './operation/verification.ts'
export type {
  CallOptions,
  EngineVersion,
  NameRules,
  ReadOptions,
  SearchHit,
  SearchOptions,
  StoreTraits,
  VectorStoreAdapter,
} from './store/adapter.ts'
export { GuardedStore, type GuardedStoreOptions } from './store/guarded-store.ts'
export { type Names, TransactionalOperations } from './transactional-operations.ts'
