import type { HistoryFilter, OperationRecord, RecoveryReport } from '@holdfast/core'

/** What a test and its workers say to each other. */

export interface OpenOptions {
  readonly directory: string
  readonly chroma: ChromaPlace
  /** Records of one call of the store; small, so that few records take several calls. */
  readonly batchRecordsMax: number
  /** False: without the adapter's own rename, so that core renames by copying. */
  readonly nativeRename: boolean
  /** Default: the manager's. */
  readonly waitMs?: number
  /** Default: core's. */
  readonly attemptsMax?: number
  /** A file that takes note of who is in the middle of what; see `sections.ts`. */
  readonly sections?: string
}

export interface ChromaPlace {
  readonly host: string
  readonly port: number
  readonly tenant: string
  readonly database: string
}

interface OpenReport {
  readonly recovered: readonly RecoveryReport[]
  readonly openMs: number
}

/** What can be cut short: a change of the disk, of the store, or a request that is part of one. */
export type EffectKind = 'disk' | 'store' | 'request'

/** Where a worker stands still until it is killed, or told to go on. */
export type Stop =
  /** Right after an event was told, in the middle of its listener. */
  | { readonly event: string }
  /** At the `effect`-th change of that kind since the stop was set. */
  | {
      readonly effect: number
      readonly kind: EffectKind
      /**
       * `during`: a request to the store is on its way, for `delayMs`; of a write to the disk, the
       * first half is there.
       */
      readonly moment: 'before' | 'during' | 'after'
      readonly delayMs: number
    }

export interface Reached {
  readonly what: string
}

/** One change, as it came to pass when nothing cut it short. */
export interface Effect {
  readonly kind: EffectKind
  readonly name: string
}

export interface ToldEvent {
  readonly name: string
  readonly operationId: string
  readonly kind: string
}

export interface WorkerError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly outcome?: string
}

/** Each call gets one answer, unless the worker dies. */
export interface Calls {
  open(options: OpenOptions): OpenReport
  /** A method of `manager.operations`. */
  operate(method: string, args: readonly unknown[]): unknown
  history(filter: HistoryFilter): readonly OperationRecord[]
  recover(): readonly RecoveryReport[]
  close(): void
  /** Sets a stop, or none; forgets the effects so far. */
  stopAt(stop: Stop | undefined): void
  /** Leaves the stop at which it stands still. */
  goOn(): void
  /** Since `stopAt`. */
  effects(): readonly Effect[]
}

export interface Request {
  readonly id: number
  readonly call: keyof Calls
  readonly args: readonly unknown[]
}

export type Message =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: WorkerError }
  | { readonly type: 'event'; readonly event: ToldEvent }
  | { readonly type: 'reached'; readonly reached: Reached }
