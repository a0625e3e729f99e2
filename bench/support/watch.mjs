import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Pause in ms between two looks at the memory. */
const SAMPLE_MS = 50
const LOOP_RESOLUTION_MS = 1

/**
 * Runs something and watches what it does to the process.
 *
 * The growth of the memory is the largest resident set seen, less the one after a collection of
 * garbage right before. The delay of the event loop is how much longer than asked a timer of 1 ms
 * took: whatever wants to run in the process may have had to wait for as long.
 *
 * @param {() => Promise<unknown>} run
 */
export async function watched(run) {
  if (globalThis.gc === undefined) throw new Error('to be run with --expose-gc')
  globalThis.gc()
  await sleep(2 * SAMPLE_MS)
  const before = process.memoryUsage().rss
  let highest = before
  const look = () => {
    highest = Math.max(highest, process.memoryUsage.rss())
  }
  const sampling = setInterval(look, SAMPLE_MS)
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  delay.enable()
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  await run()
  const ms = performance.now() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  delay.disable()
  clearInterval(sampling)
  look()
  return {
    ms,
    cpuMs: (cpu.user + cpu.system) / 1000,
    rssBeforeMb: before / 1e6,
    rssGrowthMb: (highest - before) / 1e6,
    loopDelayMaxMs: delay.max / 1e6 - LOOP_RESOLUTION_MS,
    loopDelayP99Ms: delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS,
  }
}
