import type { PlanSummary } from './operation.ts'
import type { Durations } from './phase-timer.ts'
import type { Verification } from './verification.ts'

/** What a caller is told about an operation that is done. */
export interface OperationResult {
  /** Names the operation in the history and for `undelete`. */
  readonly operationId: string
  readonly kind: string
  readonly outcome: 'committed'
  /** Always true: what could not be verified was undone and threw. How deeply: `verification`. */
  readonly consistencyVerified: boolean
  readonly verification: Verification
  readonly durationsMs: Durations
  /** True when the idempotency key had been used: this is what the first call was told. */
  readonly replayed: boolean
}

export interface RenameResult extends OperationResult {
  /** As the store calls it. */
  readonly from: string
  readonly to: string
}

export interface CloneResult extends RenameResult {
  readonly recordCount: number
}

export interface CollectionResult extends OperationResult {
  /** As the store calls it. */
  readonly collection: string
  readonly recordCount: number
}

export interface DeleteRecordsResult extends CollectionResult {
  /** Ids that did not exist. */
  readonly absentCount: number
}

export interface UndeleteResult extends CollectionResult {
  /** The delete that was taken back. */
  readonly undone: string
  /** Records that had been put again since and were kept as they are. Only for records. */
  readonly keptCount?: number
}

/** What an operation would do. Nothing was changed. */
export interface DryRun extends PlanSummary {
  readonly dryRun: true
  readonly kind: string
  /** What would be journaled. */
  readonly plan: object
}
