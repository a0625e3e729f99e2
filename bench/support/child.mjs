import { fork } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs one measurement in a process of its own, where nothing else is in memory and nothing is
 * warm that the measurement did not warm up itself. The program is sent `job` and sends one answer.
 *
 * @param {URL} program
 * @param {object} job
 * @param {{ readonly profile?: string | undefined }} [options]
 */
export async function runInChild(program, job, { profile } = {}) {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = fork(program, [], { execArgv: ['--expose-gc', ...profiling] })
  const exited = once(child, 'exit')
  child.send(job)
  const answered = new Promise((resolve) => child.once('message', resolve))
  const answer = await Promise.race([answered, exited.then(() => undefined)])
  const [code, signal] = await exited
  if (code === 0 && answer !== undefined) return answer
  throw new Error(`${program.pathname} ended with ${signal ?? code} before it had measured`)
}

/**
 * The other side of `runInChild`.
 *
 * @param {(job: any) => Promise<object>} measure
 */
export async function answerParent(measure) {
  const [job] = await once(process, 'message')
  const answer = await measure(job)
  process.send?.(answer, () => process.disconnect())
}
