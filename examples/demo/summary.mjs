import { check } from './demo-error.mjs'
import { openManager } from './store.mjs'
import { bold, countOf, say, seconds, table } from './terminal.mjs'

/** @typedef {import('@holdfast/core').OperationRecord} OperationRecord */
/** @typedef {import('./crashes.mjs').Recovered} Recovered */
/** @typedef {Awaited<ReturnType<typeof summarize>>} Summary */

/** Two by plain calls, three killed, two deletes taken back. */
const OPERATIONS = 7

/** @type {Readonly<Record<string, string>>} */
const VERBS = {
  'collection:rename': 'Rename',
  'collection:delete': 'Delete',
  'collection:undelete': 'Undelete',
}

/**
 * All that has happened, as the journal has it.
 *
 * @param {import('./demo.mjs').Stage} stage
 * @param {readonly Recovered[]} recovered
 */
export async function summarize({ server, directory, articles, products }, recovered) {
  const manager = await openManager(server.client, directory)
  const history = await manager.history()
  await manager.close()
  check(history.length === OPERATIONS, `The journal has ${history.length} operations.`)
  const operations = history.map((operation) => describe(operation, recovered)).reverse()
  const { url, version, own } = server
  return {
    engine: { name: 'chroma', version, url, own },
    operations,
    recovered,
    searches: [articles, products].map(({ count, question, hit }) => ({ count, question, ...hit })),
  }
}

/**
 * @param {OperationRecord} operation
 * @param {readonly Recovered[]} recovered
 */
function describe(operation, recovered) {
  const { operationId, kind, state, resources, verification, durationsMs } = operation
  const crash = recovered.find((report) => report.operationId === operationId)
  check(state === (crash?.outcome ?? 'committed'), `${kind} ${operationId} ended as ${state}.`)
  const prefix = 'collection:'
  return {
    operationId,
    kind,
    collections: resources
      .filter((resource) => resource.startsWith(prefix))
      .map((resource) => resource.slice(prefix.length)),
    outcome: state,
    durationsMs: crash === undefined ? durationsMs : { total: crash.recoveryMs },
    verification,
    killedAfter: crash?.killedAfter,
  }
}

/**
 * @param {Summary} summary
 * @param {string} prefix that names have for technical reasons
 */
export function showSummary({ operations }, prefix) {
  say()
  table([
    ['What', 'Took', 'How it ended', 'What Holdfast has verified'],
    ...operations.map(({ kind, collections, durationsMs, outcome, killedAfter, verification }) => [
      `${VERBS[kind]} ${collections.join(' to ').replaceAll(prefix, '')}`,
      seconds(Number(durationsMs?.['total'])),
      endOf(outcome, killedAfter !== undefined),
      depthOf(kind, verification),
    ]),
  ])
  say(
    '\n  Where a process was killed, “took” is the recovery. After every line the demo has counted',
  )
  say('  the records and searched by itself, and nothing was missing.')
  say(`\n  ${bold('Put it into your own backend')}    docs/getting-started.md`)
  say(`  ${bold('What is promised, what is not')}   docs/guarantees.md`)
}

/**
 * @param {string} outcome
 * @param {boolean} killed
 */
function endOf(outcome, killed) {
  if (!killed) return 'done'
  return outcome === 'committed' ? 'killed; recovery finished it' : 'killed; recovery undid it'
}

/**
 * @param {string} kind
 * @param {OperationRecord['verification']} verification
 */
function depthOf(kind, verification) {
  if (verification === undefined) return 'nothing yet, so it was undone'
  const { depth, recordsChecked } = verification
  if (depth === 'identity') return 'the very same collection: id, settings, count'
  const where = kind === 'collection:delete' ? 'in the backup' : 'against the backup'
  return `all ${countOf(recordsChecked)} records, ${where}`
}
