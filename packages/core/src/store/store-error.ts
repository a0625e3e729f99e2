import { HoldfastError, isHoldfastError, type Outcome } from '../model/errors.ts'

/** One call of an adapter, as messages name it. */
export interface StoreCall {
  /** The adapter's name. */
  readonly store: string
  readonly method: string
  /**
   * `read` changes nothing, whatever happens. After a failed `effect` the store alone knows. A
   * `probe` reads in order to learn what an effect did: while it fails, that stays unknown.
   */
  readonly kind: 'read' | 'effect' | 'probe'
}

/** What a failed call of an adapter means to its caller. */
export function toStoreError(call: StoreCall, error: unknown): HoldfastError {
  if (isHoldfastError(error)) {
    if (call.kind === 'effect') return error
    const outcome = outcomeOfSilence(call)
    return error.outcome === outcome ? error : error.withOutcome(outcome)
  }
  return new HoldfastError(
    'STORE_REJECTED',
    `${call.method} failed on the store "${call.store}" with an error that its adapter has no ` +
      `code for. ${whereTheDataStands(call)} Look at the cause of this error.`,
    {
      outcome: outcomeOfSilence(call),
      retryable: false,
      details: { method: call.method },
      cause: error,
    },
  )
}

export function storeTimeout(call: StoreCall, timeoutMs: number): HoldfastError {
  return new HoldfastError(
    'STORE_TIMEOUT',
    `The store "${call.store}" did not answer ${call.method} within ${timeoutMs} ms. ` +
      `${whereTheDataStands(call)} Check that it is running and reachable, then try again.`,
    {
      outcome: outcomeOfSilence(call),
      retryable: true,
      details: { method: call.method, timeoutMs },
    },
  )
}

/** Nobody waits for the answer any longer. */
export function storeLeft(call: StoreCall): HoldfastError {
  return new HoldfastError(
    'MANAGER_CLOSED',
    `${call.method} on the store "${call.store}" was not waited for, since the manager was closed. ` +
      whereTheDataStands(call),
    {
      outcome: outcomeOfSilence(call),
      retryable: false,
      details: { method: call.method },
    },
  )
}

function outcomeOfSilence(call: StoreCall): Outcome {
  return call.kind === 'read' ? 'unchanged' : 'unknown'
}

function whereTheDataStands(call: StoreCall): string {
  return call.kind === 'read'
    ? 'Nothing was changed.'
    : 'Whether the change took effect is not known.'
}
