// Plants known defects into a copy of core, one at a time, and makes sure that the tests notice each
// of them. `--only TEXT` takes those whose name holds the text. Ends with 1 when one survives.

import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DEFECTS } from './mutations/planted-defects.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')
/** Longer than any of these runs takes on a slow machine. A hang is no proof of anything. */
const RUN_MS_MAX = 240_000

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = DEFECTS.filter(({ name }) => name.includes(values.only ?? ''))
if (chosen.length === 0) {
  console.error(`No planted defect has "${values.only}" in its name.`)
  process.exit(1)
}

const copy = mkdtempSync(join(tmpdir(), 'holdfast-mutations-'))
try {
  const survivors = chosen.filter((defect) => !isCaught(defect)).map(({ name }) => name)
  for (const name of survivors) console.error(`SURVIVED: ${name}`)
  console.log(`${chosen.length - survivors.length} of ${chosen.length} planted defects are caught`)
  process.exitCode = survivors.length === 0 ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}

/** @param {import('./mutations/planted-defects.mjs').Defect} defect */
function isCaught(defect) {
  copyCore()
  const clean = defect.edits.length === 0
  for (const { file, from, to } of defect.edits) {
    const path = join(copy, 'packages/core/src', file)
    const text = readFileSync(path, 'utf8')
    if (text.split(from).length !== 2) {
      throw new Error(
        `${file} does not hold this text exactly once, for "${defect.name}":\n${from}`,
      )
    }
    writeFileSync(
      path,
      text.replace(from, () => to),
    )
  }
  const startedMs = performance.now()
  const { status, output, failed } = runTests(defect)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  // A test must have failed: a run that found no test, or that could not even load, proves nothing.
  const caught = !clean && status !== 0 && failed > 0
  console.log(`${caught ? 'caught  ' : 'SURVIVED'} ${seconds.padStart(6)} s  ${defect.name}`)
  if (!caught) console.log(output.slice(-2000))
  return caught
}

function copyCore() {
  rmSync(join(copy, 'packages'), { recursive: true, force: true })
  const core = join(copy, 'packages/core')
  mkdirSync(core, { recursive: true })
  for (const name of ['src', 'test', 'package.json']) {
    cpSync(join(ROOT, 'packages/core', name), join(core, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'packages/core/node_modules'), join(core, 'node_modules'))
  rmSync(join(copy, 'node_modules'), { force: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(copy, 'vitest.config.mjs'),
    'export default { test: { testTimeout: 200_000 } }',
  )
}

/** @param {import('./mutations/planted-defects.mjs').Defect} defect */
function runTests({ tests, only }) {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const files = tests.map((test) => `packages/core/test/${test}`)
  const filter = only === undefined ? [] : ['-t', only]
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [VITEST, 'run', '--bail=1', '--reporter=json', `--outputFile=${report}`, ...filter, ...files],
    { cwd: copy, encoding: 'utf8', timeout: RUN_MS_MAX, env: { ...process.env, NO_COLOR: '1' } },
  )
  return { status, output: stdout + stderr, failed: failedIn(report) }
}

/** @param {string} report */
function failedIn(report) {
  try {
    return Number(JSON.parse(readFileSync(report, 'utf8')).numFailedTests)
  } catch {
    return 0
  }
}
