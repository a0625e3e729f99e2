import type { CollectionInfo } from '../model/collection.ts'
import type { Manifest } from '../model/manifest.ts'
import type { JsonObject, JsonValue } from '../model/record.ts'
import type { Verification } from '../operation/verification.ts'

/**
 * What happened, in the order in which it became durable. The journal knows nothing of stores; it
 * says what was intended and how far it got, and the store says what is.
 */
export type JournalEntry = JournalEvent & {
  readonly operationId: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export type JournalEvent =
  | {
      readonly type: 'planned'
      /** Which operation. Never renamed once released: old journals must be recoverable. */
      readonly kind: string
      /** What nobody else may change meanwhile. */
      readonly resources: readonly string[]
      readonly plan: JsonValue
      readonly idempotency?: Idempotency
      /** How long after the commit the operation can be taken back. */
      readonly keepForMs?: number
      /** Whoever asked for it, in the host's words. */
      readonly actor?: string
    }
  | { readonly type: 'checkpointed'; readonly checkpoint: Checkpoint }
  /** Something that `rollback` and `commit` must know, made durable before the next effect. */
  | { readonly type: 'noted'; readonly note: JsonObject }
  | { readonly type: 'executed' }
  /** The point of no return: before it a crash is undone, after it the work is finished. */
  | { readonly type: 'verified'; readonly verification: Verification }
  | { readonly type: 'committed'; readonly result: JsonObject; readonly durationsMs: JsonObject }
  | { readonly type: 'rolled-back'; readonly reason: string }
  /** Could not be ended; recovery tries again. Says why. */
  | { readonly type: 'parked'; readonly reason: string }
  /** Given up by a person. Ends the operation as it stands. */
  | { readonly type: 'abandoned'; readonly reason: string }
  /** Its backups are gone; it can't be taken back any more. */
  | { readonly type: 'checkpoint-dropped' }

export interface Idempotency {
  readonly key: string
  /** Digest of what was asked for; the same key for something else is refused. */
  readonly inputDigest: string
}

/** What was true before an operation, and where its records are kept. */
export interface Checkpoint {
  readonly parts: readonly CheckpointPart[]
}

export interface CheckpointPart {
  readonly collection: CollectionInfo
  readonly manifest: Manifest
  /** Of the ids of the records: see `IdDigest`. */
  readonly idDigest: string
  /** Backup that holds the records. */
  readonly backupId: string
}

export type OperationState =
  | 'planned'
  | 'checkpointed'
  | 'executed'
  | 'verified'
  | 'committed'
  | 'rolled-back'
  | 'abandoned'

/** One operation as its entries tell it. */
export interface OperationRecord {
  readonly operationId: string
  readonly kind: string
  readonly state: OperationState
  readonly resources: readonly string[]
  readonly plan: JsonValue
  readonly notes: readonly JsonObject[]
  readonly startedAt: number
  /** When its last entry was appended. */
  readonly updatedAt: number
  readonly endedAt?: number
  readonly checkpoint?: Checkpoint
  readonly verification?: Verification
  /** What its caller was told. */
  readonly result?: JsonObject
  readonly durationsMs?: JsonObject
  /** Why it was rolled back, parked or abandoned. */
  readonly reason?: string
  /** Set when it could not be ended; recovery tries again. */
  readonly parked?: boolean
  readonly idempotency?: Idempotency
  readonly keepForMs?: number
  /** Its backups are gone. */
  readonly checkpointDropped?: boolean
  readonly actor?: string
}

export function isEnded(operation: OperationRecord): boolean {
  return (
    operation.state === 'committed' ||
    operation.state === 'rolled-back' ||
    operation.state === 'abandoned'
  )
}

export interface LeaseOptions {
  /** How long to wait while somebody else holds one of the resources. 0: not at all. */
  readonly waitMs: number
  readonly signal?: AbortSignal
}

/** Exclusive right to change some resources. Disposing it twice is fine. */
export interface Lease extends AsyncDisposable {
  readonly resources: readonly string[]
}

/** Durable memory of operations, shared by every process that opens it. */
export interface Journal extends AsyncDisposable {
  /**
   * Waits until nobody holds any of `resources`, in this process or another, then holds them.
   * What others have appended is seen when it resolves.
   * @throws COLLECTION_BUSY after `waitMs`
   */
  acquire(resources: readonly string[], options: LeaseOptions): Promise<Lease>
  /**
   * Durable when it resolves. Call it under a lease.
   * @throws LEASE_LOST when another process has taken over; nothing was appended then
   */
  append(entry: JournalEntry): Promise<void>
  /**
   * Makes sure, before something is undone or destroyed, that no other process has taken over what
   * this one holds, as can happen after it stood still for long.
   * @throws LEASE_LOST
   */
  assertHeld(): Promise<void>
  get(operationId: string): Promise<OperationRecord | undefined>
  /** The latest operation with this key that was not rolled back. */
  findByIdempotencyKey(key: string): Promise<OperationRecord | undefined>
  /** Oldest first. */
  list(): Promise<readonly OperationRecord[]>
  /** Not ended, oldest first. */
  listOpen(): Promise<readonly OperationRecord[]>
}
