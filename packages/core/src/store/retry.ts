import type { Clock } from '../durable/clock.ts'
import type { Random } from '../durable/random.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  /** Attempts, the first included. */
  readonly attemptsMax: number
  /** Upper bound of the pause after the first attempt; it doubles with each further one. */
  readonly delayMs: number
  /** The upper bound stops growing here. */
  readonly delayMsMax: number
  /** No attempt starts later than this after the first one. A running attempt is not cut short. */
  readonly deadlineMs: number
  /** Ends a pause, or keeps an attempt from starting; a running attempt looks after itself. */
  readonly signal?: AbortSignal | undefined
  readonly isRetryable: (error: unknown) => boolean
}

/**
 * Repeats `run` until it succeeds, fails for good, or the bounds are reached; then rejects with its
 * last error. Rejects with `signal.reason` when aborted.
 *
 * The pause is drawn evenly from zero up to a bound that grows exponentially ("full jitter" in Marc
 * Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that many clients that
 * failed together don't come back together.
 */
export async function retry<T>(
  run: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { clock, random, signal } = options
  const startedMs = clock.monotonic()
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await run(attempt)
    } catch (error) {
      if (attempt >= options.attemptsMax || !options.isRetryable(error)) throw error
      const boundMs = Math.min(options.delayMsMax, options.delayMs * 2 ** (attempt - 1))
      const pauseMs = random.next() * boundMs
      if (clock.monotonic() - startedMs + pauseMs > options.deadlineMs) throw error
      await clock.sleep(pauseMs, signal === undefined ? {} : { signal })
    }
  }
}
