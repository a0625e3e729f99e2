// `npm test`: every check that this repository has, on a machine that has only Node and npm. A
// check that fails does not keep the others from running. The last line counts the tests and the
// checks: `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { BUILD, checkNode, INSTALL, pnpmCommand, ROOT, run } from './pnpm.mjs'
import { twoAtOnce } from './two-at-once.mjs'

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} command
 * @property {readonly string[]} args
 *
 * @typedef {object} Result
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} [skipped]
 * @property {number} durationMs
 */

const BIN = join(ROOT, 'node_modules', '.bin')
const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env['PATH']}` }

/** @type {(name: string, ...command: readonly [string, ...string[]]) => Check} */
const check = (name, ...[command, ...args]) => ({ name, command, args })
/** @type {(name: string, args: readonly string[]) => Check} */
const pnpmCheck = (name, args) => {
  const [command, all] = pnpmCommand(args)
  return { name, command, args: all }
}
/** @type {(name: string, ...args: string[]) => Check} */
const nodeCheck = (name, ...args) => ({ name, command: process.execPath, args })

/** Look at files only, so that two of them may run at once. */
const STATIC_CHECKS = [
  check('lint and format (Biome)', 'biome', 'ci', '--colors=off', '.'),
  check('promises and cycles (oxlint)', 'oxlint', '--type-aware'),
  nodeCheck('doors', 'scripts/check-doors.mjs'),
  check('types (TypeScript 6)', 'tsc', '-p', 'tsconfig.json', '--noEmit'),
  nodeCheck(
    'types (TypeScript 7)',
    ...['node_modules/typescript-native/bin/tsc', '-p', 'tsconfig.json', '--noEmit'],
  ),
  check('unused files and dependencies (knip)', 'knip'),
  pnpmCheck('packages (publint, attw)', ['run', 'check:packages']),
  check('API documentation (typedoc)', 'typedoc'),
]

/** Three times what the tests take on two cores. Whatever hangs must not hang whoever waits for it. */
const TESTS_TIME_LIMIT_MS = 60 * 60_000
/** Of the message of a failed test, repeated at the end. */
const MESSAGE_LINES_MAX = 12

/** @type {Result[]} */
const results = []
/** What failed and why, told again at the end, where it is seen. @type {string[]} */
const failures = []

checkNode()
await runCheck(pnpmCheck('install', INSTALL))
if (results[0]?.failed === 0) {
  await runCheck(pnpmCheck('build', BUILD))
  await twoAtOnce(STATIC_CHECKS.map((next) => () => runCheck(next)))
  await runTests()
  await runCheck(nodeCheck('tarballs in fresh apps', 'scripts/consumer-check.mjs'))
  await runCheck(nodeCheck('demo', 'examples/demo/demo.mjs', '--json'))
  await runCheck(nodeCheck('planted defects', 'scripts/mutations.mjs'))
}
summarize()

/** @param {Check} check */
async function runCheck({ name, command, args }) {
  let output = ''
  const startedMs = performance.now()
  const code = await run(command, args, { output: (text) => (output += text), env }).catch(
    (error) => {
      output += error
      return 1
    },
  )
  const durationMs = performance.now() - startedMs
  results.push({ name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, durationMs })
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds(durationMs)})`)
  if (code === 0) return
  const indented = output.trimEnd().replaceAll(/^/gm, '    ')
  console.log(indented)
  failures.push(`${name}\n${indented.split('\n').slice(-MESSAGE_LINES_MAX).join('\n')}`)
}

async function runTests() {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-test-all-'))
  const report = join(directory, 'report.json')
  const startedMs = performance.now()
  try {
    const args = ['run', '--coverage', '--reporter=default', '--reporter=json']
    const code = await run('vitest', [...args, `--outputFile.json=${report}`], {
      output: 'inherit',
      env,
      timeLimitMs: TESTS_TIME_LIMIT_MS,
    })
    const durationMs = performance.now() - startedMs
    results.push({ name: 'tests', ...readReport(report), durationMs })
    // Also a file that does not load, an error that nobody caught, or too little coverage.
    const failed = code === 0 ? 0 : 1
    results.push({ name: 'test run and coverage', passed: 1 - failed, failed, durationMs: 0 })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @param {string} path */
function readReport(path) {
  try {
    const counts = JSON.parse(readFileSync(path, 'utf8'))
    for (const { name: file, message, assertionResults } of counts.testResults) {
      if (message) failures.push(`${relative(ROOT, file)}\n${shortened(message)}`)
      for (const { status, fullName, failureMessages } of assertionResults) {
        if (status !== 'failed') continue
        const messages = failureMessages.map(shortened).join('\n')
        failures.push(`${relative(ROOT, file)}: ${fullName}\n${messages}`)
      }
    }
    return {
      passed: Number(counts.numPassedTests),
      failed: Number(counts.numFailedTests),
      skipped: Number(counts.numPendingTests) + Number(counts.numTodoTests),
    }
  } catch (error) {
    console.error(`The tests left no report: ${error}`)
    return { passed: 0, failed: 1 }
  }
}

/** @param {string} message */
function shortened(message) {
  const lines = stripVTControlCharacters(message).trimEnd().split('\n')
  return lines
    .slice(0, MESSAGE_LINES_MAX)
    .map((line) => `    ${line}`)
    .join('\n')
}

function summarize() {
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    results.reduce((total, result) => total + (result[key] ?? 0), 0)
  const width = Math.max(...results.map(({ name }) => name.length))
  for (const failure of failures) console.log(`\nFAILED ${failure}`)
  console.log()
  for (const { name, passed, failed, skipped = 0, durationMs } of results) {
    const counts = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} NOT RUN` : ''}`
    const word = failed > 0 ? 'FAILED' : 'ok    '
    console.log(`${word} ${name.padEnd(width)} ${seconds(durationMs).padStart(8)}  ${counts}`)
  }
  if (sum('skipped') > 0) console.log(`\n${sum('skipped')} tests were NOT RUN; see above.`)
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`
}
