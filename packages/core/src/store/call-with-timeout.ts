import type { Clock } from '../durable/clock.ts'

export interface TimeoutOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Made when the time is over. */
  readonly timeoutError: () => Error
  /** Rejects at once with `signal.reason`. Leave it out where the answer must be known. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits for `run` no longer than `timeoutMs`, whether or not it obeys the signal that it is given.
 * That signal aborts when we stop waiting, so that an obedient adapter frees its connection. What
 * an abandoned call says later, good or bad, reaches nobody.
 */
export async function callWithTimeout<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { clock, timeoutMs, timeoutError, signal }: TimeoutOptions,
): Promise<T> {
  signal?.throwIfAborted()
  const call = new AbortController()
  const timer = new AbortController()
  let stopListening = (): void => {}
  try {
    return await new Promise<T>((resolve, reject) => {
      const abandon = (reason: unknown): void => {
        reject(reason)
        call.abort(reason)
      }
      const onAbort = (): void => abandon(signal?.reason)
      signal?.addEventListener('abort', onAbort)
      stopListening = () => signal?.removeEventListener('abort', onAbort)
      // What keeps the process alive is the connection that is waited for, not our patience.
      clock.sleep(timeoutMs, { signal: timer.signal, unref: true }).then(
        () => abandon(timeoutError()),
        () => {}, // The call ended first and stopped the timer.
      )
      startCall(run, call.signal).then(resolve, reject)
    })
  } finally {
    timer.abort()
    stopListening()
  }
}

/** Turns a synchronous throw into a rejection. */
async function startCall<T>(
  run: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return run(signal)
}
