import { setImmediate } from 'node:timers/promises'

let latest: Promise<void> = Promise.resolve()

/**
 * Lets the event loop do whatever else is waiting. Of all that wait for it, one goes on per turn of
 * the loop, so that the host waits for one piece of work at a time, however many operations are under
 * way. Measures no time, so it needs no clock.
 */
export function nextTurn(): Promise<void> {
  latest = latest.then(() => setImmediate())
  return latest
}
