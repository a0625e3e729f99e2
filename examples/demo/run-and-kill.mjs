import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { check } from './demo-error.mjs'
import { printEvent, printKill } from './events.mjs'

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url))

/**
 * @typedef {{ rename: { from: string, to: string }, drop?: never } | { drop: string, rename?: never }} Work
 *
 * @typedef {Work & Place} Task
 *
 * @typedef {object} Place
 * @property {string} url
 * @property {string} directory
 * @property {import('@holdfast/core').EventName} killAfter
 */

/**
 * Starts another process on the same directory and kills it right after an event, as the system
 * does when memory runs out: nothing in it gets a chance to clean up.
 *
 * @param {Task} task
 * @returns {Promise<string>} the id of the operation that was interrupted
 */
export async function runAndKill(task) {
  const worker = spawn(process.execPath, [WORKER, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const killWithUs = () => worker.kill('SIGKILL')
  process.prependOnceListener('exit', killWithUs)
  const exited = once(worker, 'exit')
  let operationId = ''
  for await (const line of createInterface({ input: worker.stdout })) {
    const { name, event } = JSON.parse(line)
    printEvent(name, event)
    if (name !== task.killAfter) continue
    operationId = event.operationId
    worker.kill('SIGKILL')
    printKill(name)
  }
  const [code, signal] = await exited
  process.off('exit', killWithUs)
  check(signal === 'SIGKILL', `The worker ended with ${signal ?? code} instead of being killed.`)
  return operationId
}
