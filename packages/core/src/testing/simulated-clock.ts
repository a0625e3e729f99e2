import type { Clock } from '../durable/clock.ts'

export interface SimulatedClockOptions {
  /** What `now()` says at first. Default: the first moment of 2026. */
  readonly startMs?: number
  /**
   * Whether a sleep moves the time by itself as soon as nothing else is going on, so that retries
   * and pauses take no real time. Sleepers with `unref` never move it. Default false: the time
   * stands until `advance` is called.
   */
  readonly selfAdvancing?: boolean
}

interface Sleeper {
  readonly atMs: number
  readonly unref: boolean
  wake(): void
}

/** Time that moves when the test says so. */
export class SimulatedClock implements Clock {
  readonly #startMs: number
  readonly #selfAdvancing: boolean
  #elapsedMs = 0
  #isAdvancing = false
  #sleepers: Sleeper[] = []

  constructor(options: SimulatedClockOptions = {}) {
    this.#startMs = options.startMs ?? Date.UTC(2026, 0, 1)
    this.#selfAdvancing = options.selfAdvancing ?? false
  }

  now(): number {
    return this.#startMs + this.#elapsedMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  /** How many sleeps have not ended, those with `unref` included. */
  get sleeperCount(): number {
    return this.#sleepers.length
  }

  sleep(
    ms: number,
    options: { readonly signal?: AbortSignal; readonly unref?: boolean } = {},
  ): Promise<void> {
    const { signal, unref = false } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const sleeper: Sleeper = {
        atMs: this.#elapsedMs + Math.max(0, ms),
        unref,
        wake: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
      }
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#sleepers.push(sleeper)
      if (this.#selfAdvancing && !unref) void this.#advanceWhenIdle()
    })
  }

  /**
   * Moves the time by `ms`, waking sleepers in the order of their time and letting each do what it
   * does next before the following one wakes. Resolves when those who woke have come to rest.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms
    await idle()
    for (let next = this.#first(); next !== undefined && next.atMs <= endMs; next = this.#first()) {
      this.#wake(next)
      await idle()
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, endMs)
  }

  /** Until nobody sleeps who moves the time: whoever wakes may well not sleep again. */
  async #advanceWhenIdle(): Promise<void> {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    await idle()
    while (this.#first((sleeper) => !sleeper.unref) !== undefined) {
      // Those with `unref` that come first are woken on the way, as real time would do.
      this.#wake(this.#first() as Sleeper)
      await idle()
    }
    this.#isAdvancing = false
  }

  /** The sleeper that wakes first; among equal ones the one that slept first. */
  #first(accepts: (sleeper: Sleeper) => boolean = () => true): Sleeper | undefined {
    let first: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (accepts(sleeper) && (first === undefined || sleeper.atMs < first.atMs)) first = sleeper
    }
    return first
  }

  #wake(sleeper: Sleeper): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, sleeper.atMs)
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
    sleeper.wake()
  }
}

/** One turn of the event loop: whatever does not wait for the outside has come to rest then. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
