import { setImmediate } from 'node:timers'

/** So many turns of the loop at most pass before everybody who waits now has gone on. */
const TURNS_MAX = 4

const waiting: (() => void)[] = []

/**
 * Lets the event loop do whatever else is waiting. Of those who wait for it only some go on in each
 * turn of the loop, one if there are few, so that the host waits for one piece of work at a time,
 * however many operations are under way. Measures no time, so it needs no clock.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(turn)
  })
}

function turn(): void {
  for (const goOn of waiting.splice(0, Math.ceil(waiting.length / TURNS_MAX))) goOn()
  if (waiting.length > 0) setImmediate(turn)
}
