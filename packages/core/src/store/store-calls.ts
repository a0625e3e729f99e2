import type { Clock } from '../durable/clock.ts'
import type { Random } from '../durable/random.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import { callWithTimeout } from './call-with-timeout.ts'
import { OpenedStream } from './opened-stream.ts'
import { type RetryOptions, retry } from './retry.ts'
import { type StoreCall, storeLeft, storeTimeout, toStoreError } from './store-error.ts'

export interface StoreCallsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly callTimeoutMs: number
  readonly attemptsMax: number
  readonly retryDelayMs: number
  readonly retryDelayMsMax: number
  readonly retryDeadlineMs: number
  /** When it aborts, nobody waits for the store any longer, also not for the end of an effect. */
  readonly ending?: AbortSignal | undefined
}

/**
 * How one store is called: with a time-out, with bounded retries, and with effects that are brought
 * to an answer before anybody acts on them.
 */
export class StoreCalls {
  readonly #store: () => string
  readonly #options: StoreCallsOptions
  readonly #inFlight = new Set<Promise<unknown>>()
  #closed = false

  constructor(store: () => string, options: StoreCallsOptions) {
    this.#store = store
    this.#options = options
  }

  /** Runs something that `close` waits for. @throws MANAGER_CLOSED */
  async track<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new HoldfastError(
        'MANAGER_CLOSED',
        `The store "${this.#store()}" is called after it was closed. Open a new manager.`,
        { outcome: 'unchanged', retryable: false },
      )
    }
    const running = run()
    this.#inFlight.add(running)
    try {
      return await running
    } finally {
      this.#inFlight.delete(running)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#inFlight)
  }

  /** One attempt: bounded in time, its errors in our words. Without `signal` it can't be aborted. */
  async once<T>(
    method: string,
    kind: StoreCall['kind'],
    run: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { clock, callTimeoutMs: timeoutMs, ending } = this.#options
    const call = { store: this.#store(), method, kind }
    const timeoutError = (): Error => storeTimeout(call, timeoutMs)
    try {
      const either = eitherOf(signal, ending)
      return await callWithTimeout(run, { clock, timeoutMs, timeoutError, signal: either })
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw error
      if (ending?.aborted && error === ending.reason) throw storeLeft(call)
      throw toStoreError(call, error)
    }
  }

  /** Changes nothing, so it is repeated freely, and aborted at once. */
  async read<T>(
    method: string,
    run: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return retry(
      () => this.once(method, 'read', run, signal),
      this.#retryOptions(signal, isRetryable),
    )
  }

  /**
   * Changes something, and comes back only when the store has said whether it did, or can't be
   * brought to say it. As long as the outcome of an earlier attempt is unknown (`uncertain`), the
   * effect is repeated, and an abort waits: who would undo the effect must know that it is over.
   *
   * Rejects with `signal.reason` when aborted, unless the outcome stays unknown: then with the
   * store's last error, because the abort alone would hide that the effect may still happen.
   */
  async effect<T>(attempt: (uncertain: boolean) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    try {
      const result = await this.#settle(attempt, signal)
      signal?.throwIfAborted()
      return result
    } catch (error) {
      if (!isUnknown(error)) signal?.throwIfAborted()
      throw error
    }
  }

  async #settle<T>(
    attempt: (uncertain: boolean) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    let uncertain = false
    let sent = false
    const pause = new AbortController()
    const onAbort = (): void => {
      if (!sent && !uncertain) pause.abort(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort)
    const send = async (): Promise<T> => {
      sent = true
      try {
        return await attempt(uncertain)
      } catch (error) {
        uncertain ||= isUnknown(error)
        throw error
      } finally {
        sent = false
      }
    }
    const mayHelp = (error: unknown): boolean =>
      this.#options.ending?.aborted !== true &&
      (isUnknown(error) || (isRetryable(error) && (uncertain || signal?.aborted !== true)))
    try {
      return await retry(send, this.#retryOptions(pause.signal, mayHelp))
    } catch (error) {
      if (uncertain && !isAnswer(error)) throw asUnknown(error)
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /**
   * A read that comes in pieces. It is started again by itself only as long as nothing was handed
   * out: later, a restart would hand out the first pieces twice, so the caller has to decide.
   */
  async *stream<T>(
    method: string,
    open: (signal: AbortSignal) => AsyncIterable<T>,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void, undefined> {
    const next = (opened: OpenedStream<T>): Promise<IteratorResult<T>> =>
      this.once(method, 'read', (call) => opened.next(call), signal)
    let opened = new OpenedStream(open)
    const first = async (): Promise<IteratorResult<T>> => {
      opened = new OpenedStream(open)
      return next(opened).catch((error) => {
        opened.abandon(error)
        throw error
      })
    }
    let step = await this.track(() => retry(first, this.#retryOptions(signal, isRetryable)))
    let waiting = false
    try {
      while (step.done !== true) {
        yield step.value
        waiting = true
        step = await this.track(() => next(opened))
        waiting = false
      }
    } catch (error) {
      opened.abandon(error)
      throw error
    } finally {
      if (!waiting && step.done !== true) await this.#release(method, opened)
    }
  }

  /** Failing to let go of a cursor does not make what was read less true, so it is no error. */
  async #release(method: string, opened: OpenedStream<unknown>): Promise<void> {
    await this.once(method, 'read', () => opened.release()).catch(() => {})
  }

  #retryOptions(
    signal: AbortSignal | undefined,
    isRetryable: (error: unknown) => boolean,
  ): RetryOptions {
    const { clock, random, attemptsMax, retryDelayMs, retryDelayMsMax, retryDeadlineMs } =
      this.#options
    return {
      clock,
      random,
      attemptsMax,
      delayMs: retryDelayMs,
      delayMsMax: retryDelayMsMax,
      deadlineMs: retryDeadlineMs,
      signal: eitherOf(signal, this.#options.ending),
      isRetryable,
    }
  }
}

function eitherOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a !== undefined && b !== undefined ? AbortSignal.any([a, b]) : (a ?? b)
}

function isRetryable(error: unknown): boolean {
  return isHoldfastError(error) && error.retryable
}

function isUnknown(error: unknown): boolean {
  return isHoldfastError(error) && error.outcome === 'unknown'
}

/**
 * Whether this refusal holds for the earlier, unanswered attempts of the same effect as well.
 * `STORE_REJECTED` does not say why, so an earlier attempt may have been accepted, and
 * `MANAGER_CLOSED` is nothing that the store has said.
 */
function isAnswer(error: unknown): boolean {
  return (
    isHoldfastError(error) &&
    error.outcome !== 'unknown' &&
    !error.retryable &&
    error.code !== 'STORE_REJECTED' &&
    error.code !== 'MANAGER_CLOSED'
  )
}

function asUnknown(error: unknown): unknown {
  return isHoldfastError(error) && !isUnknown(error) ? error.withOutcome('unknown') : error
}
