/** Every code that `@holdfast/core` and its adapters throw. `docs/errors.md` has a row for each. */
export type ErrorCode =
  // What was asked can't be done; nothing was changed.
  | 'COLLECTION_NOT_FOUND'
  | 'COLLECTION_EXISTS'
  | 'COLLECTION_NAME_INVALID'
  | 'COLLECTION_NAME_AMBIGUOUS'
  | 'COLLECTION_BUSY'
  | 'RECORD_INVALID'
  | 'LIMIT_EXCEEDED'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'OPERATION_NOT_FOUND'
  | 'OPERATION_PENDING'
  | 'UNDELETE_UNAVAILABLE'
  // The store.
  | 'STORE_UNAVAILABLE'
  | 'STORE_TIMEOUT'
  | 'STORE_REJECTED'
  | 'STORE_MISMATCH'
  // The operation.
  | 'VERIFICATION_FAILED'
  | 'ROLLBACK_PENDING'
  | 'COMMIT_PENDING'
  | 'MANAGER_CLOSED'
  // The directory: journal, lock, backups.
  | 'DIRECTORY_UNUSABLE'
  | 'DIRECTORY_BUSY'
  | 'LEASE_LOST'
  | 'JOURNAL_DAMAGED'
  | 'JOURNAL_VERSION_NEWER'
  | 'BACKUP_NOT_FOUND'
  | 'BACKUP_DAMAGED'

/**
 * Where the data stands after an error: `unchanged` nothing was done; `rolled-back` what was done
 * is undone; `committed` it is decided and, where the message says so, recovery finishes it;
 * `unknown` the store has not told, and recovery asks it.
 */
export type Outcome = 'unchanged' | 'rolled-back' | 'committed' | 'unknown'

export interface HoldfastErrorOptions {
  readonly outcome: Outcome
  /** Whether the same call can succeed later without any change by the caller. */
  readonly retryable: boolean
  /** What a program may want to look at. Never a credential, a vector or a record's content. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

const BRAND = Symbol.for('@holdfast/error')

/**
 * The one error class. Told apart by `code`; codes are stable between major versions, messages are
 * not. Use {@link isHoldfastError} where several copies of the package may be loaded.
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  readonly code: ErrorCode
  readonly outcome: Outcome
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.outcome = options.outcome
    this.retryable = options.retryable
    this.details = options.details ?? {}
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** The same error with another outcome, for whoever knows better where the data stands. */
  withOutcome(outcome: Outcome): HoldfastError {
    // By its constructor, since bundlers give a class that names itself another name.
    return new (this.constructor as typeof HoldfastError)(this.code, this.message, {
      outcome,
      retryable: this.retryable,
      details: this.details,
      cause: this.cause,
    })
  }

  toJSON(): Record<string, unknown> {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      outcome: this.outcome,
      retryable: this.retryable,
      details: this.details,
    }
  }
}

/** True for errors of every copy (ESM, CommonJS, another version) of this package. */
export function isHoldfastError(error: unknown): error is HoldfastError {
  return typeof error === 'object' && error !== null && BRAND in error
}
