import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

const COUNTER_MAX = 0xfff

interface Last {
  ms: number
  counter: number
}

/** Per clock, so that a test's simulated time neither drags nor is dragged by another one. */
const lastByClock = new WeakMap<Clock, Last>()

/**
 * A UUID of version 7 (RFC 9562, 5.7): sorts by time as text. Those of one clock in one process
 * increase strictly, also within a millisecond and when the clock goes back: `rand_a` is a counter
 * that starts at random in its lower half (6.2, method 1), and when it is full the time runs ahead
 * by a millisecond.
 */
export function uuidV7(clock: Clock, random: Random): string {
  const bytes = random.bytes(10)
  const { ms, counter } = step(clock, (((bytes[0] as number) << 8) | (bytes[1] as number)) & 0x7ff)
  const time = ms.toString(16).padStart(12, '0')
  const variant = (0x80 | ((bytes[2] as number) & 0x3f)).toString(16)
  const rest = [...bytes.subarray(3)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${counter.toString(16).padStart(3, '0')}`,
    `${variant}${rest.slice(0, 2)}`,
    rest.slice(2),
  ].join('-')
}

function step(clock: Clock, seed: number): Last {
  const now = Math.max(0, Math.floor(clock.now()))
  const last = lastByClock.get(clock)
  let next: Last = { ms: now, counter: seed }
  if (last !== undefined && now <= last.ms) {
    next =
      last.counter < COUNTER_MAX
        ? { ms: last.ms, counter: last.counter + 1 }
        : { ms: last.ms + 1, counter: seed }
  }
  lastByClock.set(clock, next)
  return next
}
