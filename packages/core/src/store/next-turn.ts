import { setImmediate } from 'node:timers/promises'

/** Lets the event loop do whatever else is waiting. Measures no time, so it needs no clock. */
export async function nextTurn(): Promise<void> {
  await setImmediate()
}
