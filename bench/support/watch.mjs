import { closeSync, openSync, readSync } from 'node:fs'
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
 * took: whatever wants to run in the process may have had to wait for as long. `loopBlockMaxMs` is
 * the same without the time in which the process was ready to run, but another one had the
 * processor; only Linux tells that, elsewhere it is NaN.
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
  const blocks = watchBlocks()
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  delay.enable()
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  await run()
  const ms = performance.now() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  look()
  // A block at the very end is noticed only when the timers get their turn.
  await sleep(5 * LOOP_RESOLUTION_MS)
  delay.disable()
  clearInterval(sampling)
  return {
    ms,
    cpuMs: (cpu.user + cpu.system) / 1000,
    rssBeforeMb: before / 1e6,
    rssGrowthMb: (highest - before) / 1e6,
    loopDelayMaxMs: delay.max / 1e6 - LOOP_RESOLUTION_MS,
    loopDelayP99Ms: delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS,
    loopBlockMaxMs: blocks.stop(),
  }
}

function watchBlocks() {
  const waited = openWaited()
  if (waited === undefined) return { stop: () => Number.NaN }
  let blockMaxMs = 0
  let lastMs = performance.now()
  let lastWaitedMs = waited.read()
  const timer = setInterval(() => {
    const waitedMs = waited.read()
    const nowMs = performance.now()
    const blockMs = nowMs - lastMs - (waitedMs - lastWaitedMs) - LOOP_RESOLUTION_MS
    blockMaxMs = Math.max(blockMaxMs, blockMs)
    lastMs = nowMs
    lastWaitedMs = waitedMs
  }, LOOP_RESOLUTION_MS)
  return {
    stop: () => {
      clearInterval(timer)
      waited.close()
      return blockMaxMs
    },
  }
}

/** How long, in ms, our thread has waited for a processor so far. */
function openWaited() {
  let file
  try {
    file = openSync(`/proc/self/task/${process.pid}/schedstat`)
  } catch {
    return undefined
  }
  const bytes = Buffer.alloc(80)
  return {
    read: () => {
      const length = readSync(file, bytes, 0, bytes.length, 0)
      // Nanoseconds on a processor · nanoseconds waiting for one · turns.
      return Number(bytes.latin1Slice(0, length).split(' ')[1]) / 1e6
    },
    close: () => closeSync(file),
  }
}
