import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './clock.ts'

/** Node's timers refuse more than this; longer sleeps are made of several. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, { signal, unref = false } = {}) {
    signal?.throwIfAborted()
    const end = performance.now() + ms
    for (let left = ms; left > 0; left = end - performance.now()) {
      try {
        await delay(Math.min(left, TIMER_MS_MAX), undefined, {
          ref: !unref,
          ...(signal === undefined ? {} : { signal }),
        })
      } catch (cause) {
        // Node wraps the reason into an AbortError of its own; callers get theirs, unchanged.
        signal?.throwIfAborted()
        throw cause
      }
    }
  },
}
