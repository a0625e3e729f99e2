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

/** What an operation would do. Nothing was changed. */
export interface DryRun extends PlanSummary {
  readonly dryRun: true
  readonly kind: string
  /** What would be journaled. */
  readonly plan: object
}
