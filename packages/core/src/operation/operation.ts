import type { BackupRepository } from '../backup/backup-repository.ts'
import type { Checkpoint, CheckpointPart } from '../journal/journal.ts'
import type { CollectionInfo, CollectionRef } from '../model/collection.ts'
import type { Finding } from '../model/finding.ts'
import type { JsonObject, VectorRecord } from '../model/record.ts'
import type { VectorStoreAdapter } from '../store/adapter.ts'
import type { Verification, VerificationDepth } from './verification.ts'

/** What every step of an operation may use. */
export interface OperationContext {
  readonly operationId: string
  readonly store: VectorStoreAdapter
  readonly backups: BackupRepository
  /**
   * Takes the records of one checkpoint part again and makes it durable, replacing its backup
   * atomically: for when somebody wrote to the collection after the checkpoint.
   */
  retake(part: number): Promise<void>
  /** Keeps further records of a collection in a part of its own, and tells which one that is. */
  keepMore(collection: CollectionInfo, ids: readonly string[]): Promise<CheckpointPart>
  /** Tells listeners and the result of a difference that needs nobody to act. */
  warn(finding: Finding): void
}

/** Above the line: may be aborted, may leave durable notes for `rollback` and `commit`. */
export interface BuildContext extends OperationContext {
  readonly signal?: AbortSignal
  note(note: JsonObject): Promise<void>
  /** Adds to the number of records that were verified. */
  checked(recordCount: number): void
}

/** Below the line and during rollback there is no signal: nobody can pass it on by mistake. */
export interface EndContext extends OperationContext {
  readonly notes: readonly JsonObject[]
  /**
   * Whether what was true when it was verified may not be any more: after a crash, a failed attempt,
   * or whenever more than a second has passed.
   */
  isStale(): boolean
  /** Present below the line. */
  readonly verification?: Verification
}

/** What is kept of a collection before anything is changed. */
export type CheckpointScope =
  /** All records, in a backup. */
  | { readonly keep: 'records'; readonly collection: CollectionInfo }
  /** The records of these ids, and which of the ids did not exist. */
  | { readonly keep: 'ids'; readonly collection: CollectionInfo; readonly ids: readonly string[] }
  /** These records: what the operation is about to write, so that rollback knows its own. */
  | {
      readonly keep: 'given'
      readonly collection: CollectionInfo
      readonly records: readonly VectorRecord[]
    }

/** What an operation would do, for people. */
export interface PlanSummary {
  /** Sentences such as «Reads the 1,200 records of "docs".» */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly destroys: readonly string[]
  readonly checkpoint: { readonly records: number; readonly bytesEstimate: number }
}

/** What listeners are told once the operation is committed. */
type ChangeEvent =
  | { readonly type: 'collection:created'; readonly collection: CollectionRef }
  | {
      readonly type: 'collection:renamed'
      readonly collection: CollectionRef
      readonly from: CollectionRef
    }
  | {
      readonly type: 'collection:dropped' | 'records:put' | 'records:deleted'
      readonly collection: CollectionRef
      readonly recordCount: number
    }

/**
 * An operation is one file that reads in the order in which things happen. The engine
 * (`run-operation.ts`, `recover.ts`) runs every one of them and knows none of them.
 *
 * `plan` reads only and refuses what can't work. `execute` builds and may be taken back.
 * `commit` destroys: it runs after `verified` is durable, and again after a crash, so it must be
 * idempotent. `rollback` too; it undoes only what it recognizes as its own.
 */
export interface Operation<Input, Plan extends object> {
  /** Journaled: never rename a released kind. */
  readonly kind: string
  readonly depth: VerificationDepth
  /** Whether `execute` changes the store. */
  readonly builds: boolean
  /** What nobody else may change meanwhile. */
  resources(input: Input): readonly string[]
  /** Reads only; refuses what can't work. */
  plan(context: BuildContext, input: Input): Promise<Plan>
  summarize(plan: Plan): PlanSummary
  scopes(plan: Plan, input: Input): readonly CheckpointScope[]
  /** Builds; idempotent; nothing in it that an equal and opposite call can't take back. */
  execute(context: BuildContext, plan: Plan, checkpoint: Checkpoint, input: Input): Promise<void>
  /** Reads only. */
  verify(context: BuildContext, plan: Plan, checkpoint: Checkpoint): AsyncIterable<Finding>
  /** Puts right what `verify` found, by adding only. Absent where adding can't help. */
  repair?(context: BuildContext, plan: Plan, checkpoint: Checkpoint): Promise<void>
  /** Destroys; idempotent; runs after the line, and again after a crash. */
  commit(context: EndContext, plan: Plan, checkpoint: Checkpoint): Promise<void>
  /** Idempotent; undoes only what it recognizes as its own. */
  rollback(context: EndContext, plan: Plan, checkpoint: Checkpoint | undefined): Promise<void>
  /** What the caller and the history are told, beside what the engine knows. */
  result(plan: Plan, checkpoint: Checkpoint, warnings: readonly Finding[]): object
  changes(plan: Plan, checkpoint: Checkpoint, warnings: readonly Finding[]): readonly ChangeEvent[]
}
