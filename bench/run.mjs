// Runs one benchmark:
//
//     npm run bench -- operations --json
//
// Every file beside this one is a benchmark, and exports `run(settings)`. It resolves with what it
// measured; this file prints that, as a table or as one line of JSON at the end of stdout. Progress
// goes to stderr. The exit code is 1 when a bar is missed, and 2 when there is no such benchmark.
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './support/machine.mjs'
import { seededRandom } from './support/random.mjs'
import { printTable, toReport } from './support/report.mjs'

/**
 * @typedef {object} Settings
 * @property {boolean} quick smaller sizes and fewer rounds, to see that everything works
 * @property {() => number} random from 0 up to 1, decided by the seed
 * @property {string | undefined} only the one part to run, where a benchmark has several
 * @property {string | undefined} data directory that keeps what was filled for the next run
 * @property {string | undefined} profile directory for CPU profiles of the measured processes
 * @property {(line: string) => void} log
 *
 * @typedef {object} Measured
 * @property {Readonly<Record<string, string>>} versions
 * @property {readonly import('./support/report.mjs').Result[]} results
 * @property {Readonly<Record<string, number>>} ratios
 * @property {readonly import('./support/report.mjs').Bar[]} bars
 */

const USAGE =
  'usage: npm run bench -- NAME [--json] [--quick] [--no-fail] [--seed NUMBER] [--only PART] ' +
  '[--data DIRECTORY] [--profile DIRECTORY]'

const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.slice(0, -'.mjs'.length))

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'no-fail': { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string' },
    data: { type: 'string' },
    profile: { type: 'string' },
  },
})

const [name = ''] = positionals
if (positionals.length === 1 && names.includes(name)) {
  process.exitCode = await main()
} else {
  console.error(`${USAGE}\nbenchmarks: ${names.join(', ')}`)
  process.exitCode = 2
}

async function main() {
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
  if (!Number.isInteger(seed)) throw new TypeError('--seed takes a whole number')
  const startedMs = performance.now()
  const log = (line) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.error(`${seconds.padStart(6)} s  ${line}`)
  }
  log(`${name}, seed ${seed}`)
  const machine = describeMachine()
  const { run } = await import(new URL(`${name}.mjs`, import.meta.url).href)
  /** @type {Measured} */
  const measured = await run({
    quick: values.quick,
    random: seededRandom(seed),
    only: values.only,
    data: values.data === undefined ? undefined : resolve(values.data),
    profile: values.profile === undefined ? undefined : resolve(values.profile),
    log,
  })
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  const report = toReport({ bench: name, seed, seconds, quick: values.quick, machine }, measured)
  if (values.json) console.log(JSON.stringify(report))
  else printTable(report)
  const isMissed = report.bars.some(({ ok }) => !ok)
  return isMissed && !values['no-fail'] ? 1 : 0
}
