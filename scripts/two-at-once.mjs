/**
 * Runs the jobs in their order, two at a time: what a small machine has cores for.
 *
 * @param {Iterable<() => Promise<void>>} jobs
 */
export async function twoAtOnce(jobs) {
  const waiting = [...jobs]
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next()
  }
  await Promise.all([worker(), worker()])
}
