import type { BackupRepository } from '../backup/backup-repository.ts'
import type { Checkpoint } from '../journal/journal.ts'
import type { CollectionInfo, CollectionRef } from '../model/collection.ts'
import type { Finding } from '../model/finding.ts'
import type { JsonObject, VectorRecord } from '../model/record.ts'
import type { VectorStoreAdapter } from '../store/adapter.ts'
import type { VerificationDepth } from './verification.ts'

/** What a step of an operation may use. */
export interface OperationContext {
  readonly operationId: string
  readonly store: VectorStoreAdapter
  readonly backups: BackupRepository
  /** Milliseconds since 1970. */
  now(): number
}

/** Above the line: may be aborted, may leave durable notes for `rollback` and `commit`. */
export interface BuildContext extends OperationContext {
  readonly signal?: AbortSignal
  note(note: JsonObject): Promise<void>
}

/** Below the line and during rollback there is no signal: nobody can pass it on by mistake. */
export interface EndContext extends OperationContext {
  readonly notes: readonly JsonObject[]
  /** Takes the records of a checkpoint part again, replacing its backup atomically. */
  retake(checkpoint: Checkpoint, part: number): Promise<void>
}

/** What is kept of a collection before anything is changed. */
export type CheckpointScope =
  /** Count and digest of all records. Reads the whole collection. */
  | { readonly keep: 'manifest'; readonly collection: CollectionInfo }
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
  /** Sentences such as «Reads all 1,200 records of "docs".» */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly destroys: readonly string[]
  readonly checkpoint: { readonly records: number; readonly bytesEstimate: number }
}

/** Facts that listeners are told once the operation is committed, such as `collection:renamed`. */
export interface ChangeEvent {
  readonly type:
    | 'collection:dropped'
    | 'collection:renamed'
    | 'collection:created'
    | 'records:put'
    | 'records:deleted'
  readonly collection: CollectionRef
  readonly from?: CollectionRef
  readonly recordCount?: number
}

/**
 * An operation is one file that reads in the order in which things happen. The engine
 * (`run-operation.ts`, `recover.ts`) runs every one of them and knows none of them.
 *
 * `plan` reads only and refuses what can't work. `execute` builds and may be taken back.
 * `commit` destroys: it runs after `verified` is durable, and again after a crash, so it must be
 * idempotent. `rollback` too; it undoes only what it recognizes as its own.
 */
export interface Operation<Input, Plan extends JsonObject> {
  /** Journaled: never rename a released kind. */
  readonly kind: string
  /** What nobody else may change meanwhile. */
  resources(input: Input): readonly string[]
  plan(context: BuildContext, input: Input): Promise<Plan>
  summarize(plan: Plan): PlanSummary
  scopes(plan: Plan, input: Input): readonly CheckpointScope[]
  execute(context: BuildContext, plan: Plan, checkpoint: Checkpoint, input: Input): Promise<void>
  readonly depth: (plan: Plan) => VerificationDepth
  verify(context: BuildContext, plan: Plan, checkpoint: Checkpoint): AsyncIterable<Finding>
  /** Puts right what `verify` found, by adding only. Absent where adding can't help. */
  repair?(context: BuildContext, plan: Plan, checkpoint: Checkpoint): Promise<void>
  commit(context: EndContext, plan: Plan, checkpoint: Checkpoint): Promise<void>
  rollback(context: EndContext, plan: Plan, checkpoint: Checkpoint | undefined): Promise<void>
  /** What the caller and the journal's history are told. */
  result(plan: Plan): JsonObject
  changes(plan: Plan): readonly ChangeEvent[]
}
