import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/**
 * What a figure is worth depends on where it was measured, and on what else went on there: a load
 * of more than the number of cores means that the figures are too high.
 */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.version,
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
  }
}

/** Average number of processes that wanted to run in the last minute. */
export function loadNow() {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}
