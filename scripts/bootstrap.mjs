// `npm start` and `npm run bench` on a machine that has only Node and npm: installs, builds where
// something has changed since the last build, and runs one program with the arguments that were
// given. Everything before the program goes to stderr, and nothing comes after it, so that stdout
// is the program's.
import { isBuilt } from './is-built.mjs'
import { BUILD, checkNode, INSTALL, pnpmCommand, run } from './pnpm.mjs'

/**
 * @typedef {object} Program
 * @property {string} file
 * @property {readonly string[]} [options] all that it takes, to be checked before the long way to it
 */

/** @type {ReadonlyMap<string, Program>} */
const PROGRAMS = new Map([
  ['demo', { file: 'examples/demo/demo.mjs', options: ['--json'] }],
  ['bench', { file: 'bench/run.mjs' }],
])
const PROGRESS_EVERY_MS = 1_000

const [name = '', ...args] = process.argv.slice(2)
const program = PROGRAMS.get(name)
if (program === undefined) {
  throw new TypeError(`usage: bootstrap.mjs ${[...PROGRAMS.keys()].join('|')} [ARGS...]`)
}
const { file, options } = program
const unknown = args.filter((argument) => options?.includes(argument) === false)
if (unknown.length > 0) {
  console.error(`The ${name} knows ${options?.join(', ')}, and not ${unknown.join(' ')}.`)
  process.exit(2)
}
checkNode()
await runQuietly('Installing the dependencies', INSTALL)
if (!isBuilt()) await runQuietly('Building the packages', BUILD)
process.exitCode = await run(process.execPath, [file, ...args], { output: 'inherit' })

/**
 * Runs pnpm behind one line. When it fails, shows all that it has said, and ends this process.
 *
 * @param {string} title
 * @param {readonly string[]} command
 */
async function runQuietly(title, command) {
  const startedMs = performance.now()
  const { stderr } = process
  const seconds = () => `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`
  stderr.write(`${title} … `)
  const progress = setInterval(() => {
    if (stderr.isTTY) stderr.write(`\r${title} … ${seconds()}`)
  }, PROGRESS_EVERY_MS)
  let output = ''
  const code = await run(...pnpmCommand(command), { output: (text) => (output += text) }).catch(
    (error) => {
      output += error
      return 1
    },
  )
  clearInterval(progress)
  stderr.write(`${stderr.isTTY ? `\r${title} … ` : ''}${seconds()}\n`)
  if (code === 0) return
  // Not `process.exit` right after it: that could cut the output off.
  console.error(`${output.trimEnd()}\n${title} has failed with exit code ${code}.`)
  process.exitCode = code
  await new Promise((resolve) => stderr.write('', resolve))
  process.exit()
}
