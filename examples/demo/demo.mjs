// `npm start`: what Holdfast does, shown on a real Chroma server, in a minute. `--json` prints what
// has happened as the last line of stdout. It checks all that it shows, and ends with exit code 1
// when anything is not as it should be.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crashAndRecover } from './crashes.mjs'
import { fill, showSearch } from './dataset.mjs'
import { check, DemoError, describeError, errorAsJson } from './demo-error.mjs'
import { changeByPlainCalls } from './protected-client.mjs'
import { connect } from './server.mjs'
import { showSummary, summarize } from './summary.mjs'
import { bold, green, heading, out, red, say, seconds } from './terminal.mjs'
import { productDescriptions, supportArticles } from './texts.mjs'
import { takeDeletesBack } from './undelete.mjs'

/**
 * What all steps share.
 *
 * @typedef {object} Stage
 * @property {import('./server.mjs').Server} server
 * @property {string} directory for journal and backups
 * @property {import('./dataset.mjs').Dataset} articles
 * @property {import('./dataset.mjs').Dataset} products
 * @property {AbortSignal} signal aborted by Ctrl-C
 */

const ARTICLES = {
  name: 'articles',
  question: 'Why does my espresso machine leak water after descaling?',
  texts: supportArticles,
}
const PRODUCTS = {
  name: 'products',
  question: 'a compact lamp of walnut for the desk',
  texts: productDescriptions,
}
/** Exit codes by signal, as shells have them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

const startedAt = performance.now()
const interruption = new AbortController()
/** @type {import('./server.mjs').Server | undefined} */
let server

const directory = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
for (const [name, code] of Object.entries(SIGNALS)) process.on(name, () => interrupt(code))
await main()

async function main() {
  /** @type {unknown} */
  let failure
  const summary = await runSteps().catch((error) => {
    failure = error
  })
  await server?.close().catch((error) => {
    failure ??= error
  })
  if (failure !== undefined) return fail(failure)
  const durationMs = performance.now() - startedAt
  say(`\n${green('✓')} ${bold('All is as it should be')}, after ${seconds(durationMs)}.`)
  say(
    `  Nothing of it is left, neither ${server?.own ? 'running' : 'in that server'} nor on your disk.`,
  )
  printJson({ ok: true, ...summary, durationMs })
}

function checkArguments() {
  const unknown = process.argv.slice(2).filter((argument) => argument !== '--json')
  check(unknown.length === 0, `The demo knows --json, and not ${unknown.join(' ')}.`)
}

async function runSteps() {
  checkArguments()
  say(bold('Holdfast: deletes and renames of vector collections that are done or undone.'))
  heading('1  A real vector store')
  server = await connect()

  heading('2  Two collections')
  say('  Made-up texts of a shop, as vectors of 384 components:')
  const { signal } = interruption
  const articles = await fill(server, ARTICLES, signal)
  const products = await fill(server, PRODUCTS, signal)
  showSearch(articles)
  showSearch(products)
  /** @type {Stage} */
  const stage = { server, directory, articles, products, signal }

  heading('3  Rename one and delete the other, by the calls that you have today')
  const articlesName = await changeByPlainCalls(stage)

  heading('4  Kill a process in the middle of it, three times')
  const recovered = await crashAndRecover(stage, articlesName)

  heading('5  Take the deletes back')
  await takeDeletesBack(stage, articlesName)

  heading('6  What has happened')
  const summary = await summarize(stage, recovered)
  signal.throwIfAborted()
  showSummary(summary, server.prefix)
  return summary
}

/**
 * Our own server and its files go with this process, however that ends. In another server there is
 * something to remove, unless somebody is in a hurry and asks twice.
 *
 * @param {number} exitCode
 */
function interrupt(exitCode) {
  const hurry = interruption.signal.aborted
  interruption.abort(new DemoError('Interrupted.'))
  process.exitCode = exitCode
  if (!hurry && server?.own === false) return say('\nRemoving what the demo has made …')
  fail()
  process.exit()
}

/** @param {unknown} [failure] what goes wrong after an interruption is due to it */
function fail(failure) {
  const error = interruption.signal.aborted ? interruption.signal.reason : failure
  process.exitCode ??= 1
  say(`\n${red('✗')} ${describeError(error)}`)
  printJson({ ok: false, error: errorAsJson(error) })
}

/** @param {object} summary */
function printJson(summary) {
  if (out !== process.stdout) process.stdout.write(`${JSON.stringify(summary)}\n`)
}
