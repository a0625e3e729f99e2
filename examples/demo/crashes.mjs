import { checkWhole, exists } from './dataset.mjs'
import { check } from './demo-error.mjs'
import { runAndKill } from './run-and-kill.mjs'
import { openManager } from './store.mjs'
import { bold, ok, say, seconds, showCode } from './terminal.mjs'

/**
 * @typedef {import('./demo.mjs').Stage} Stage
 *
 * @typedef {object} Crash
 * @property {string} title
 * @property {import('./run-and-kill.mjs').Work} work
 * @property {import('@holdfast/core').EventName} killAfter
 * @property {string} there which collection is there after the kill
 * @property {string} means
 * @property {'committed' | 'rolled-back'} outcome of the recovery
 *
 * @typedef {object} Recovered
 * @property {string} operationId
 * @property {string} kind
 * @property {import('@holdfast/core').RecoveryReport['outcome']} outcome
 * @property {import('@holdfast/core').EventName} killedAfter
 * @property {number} recoveryMs what opening took, which recovers
 */

/**
 * Kills a process in the middle of an operation, three times, and recovers each time.
 *
 * @param {Stage} stage
 * @param {string} name of the articles by now
 * @returns {Promise<Recovered[]>}
 */
export async function crashAndRecover(stage, name) {
  const { server, articles, signal } = stage
  const other = `${articles.name}-v3`
  /** @type {readonly Crash[]} */
  const crashes = [
    {
      title: 'A rename, killed when Chroma has renamed, but nothing is verified yet',
      work: { rename: { from: name, to: other } },
      killAfter: 'operation:executed',
      there: other,
      means: `the collection is called ${other}, and no code knows of that`,
      outcome: 'rolled-back',
    },
    {
      title: 'A delete, killed before the point of no return',
      work: { drop: name },
      killAfter: 'operation:checkpointed',
      there: name,
      means: 'a delete that somebody asked for, and that never happened',
      outcome: 'rolled-back',
    },
    {
      title: 'The same delete, killed after the point of no return',
      work: { drop: name },
      killAfter: 'operation:verified',
      there: name,
      means: 'a delete that is decided, of a collection that is still there',
      outcome: 'committed',
    },
  ]
  const recovered = []
  for (const crash of crashes) {
    signal.throwIfAborted()
    recovered.push(await runCrash(stage, crash))
    if (crash.outcome === 'rolled-back') {
      check(crash.there === name || !(await exists(server, crash.there)), `${crash.there} is left.`)
      await checkWhole(server, articles, name)
    } else {
      check(!(await exists(server, name)), `${name} is still there.`)
      ok(`${name} is gone, and can be taken back.`)
    }
  }
  return recovered
}

/**
 * @param {Stage} stage
 * @param {Crash} crash
 * @returns {Promise<Recovered>}
 */
async function runCrash({ server, directory }, { title, work, killAfter, there, means, outcome }) {
  say(`\n  ${bold(title)}:`)
  const operationId = await runAndKill({ url: server.url, directory, ...work, killAfter })
  check(await exists(server, there), `After the kill there is no ${there}.`)
  say(`  Left behind: ${means}.`)

  showCode('await openConsistencyManager({ store, directory })')
  const startedAt = performance.now()
  const manager = await openManager(server.client, directory)
  const recoveryMs = performance.now() - startedAt
  await manager.close()
  const [report] = manager.recovered
  check(
    report?.operationId === operationId && manager.recovered.length === 1,
    `Recovery has ended ${manager.recovered.length} operations instead of ${operationId} alone.`,
  )
  check(report?.outcome === outcome, `Recovery says ${report?.outcome}: ${report?.reason ?? ''}`)
  const what = outcome === 'committed' ? 'finished' : 'undone'
  ok(`Recovery has ${what} it, in ${seconds(recoveryMs)}.`)
  return { operationId, kind: report?.kind ?? '', outcome, killedAfter: killAfter, recoveryMs }
}
