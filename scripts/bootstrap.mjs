// `npm start` and `npm run bench` on a machine that has only Node and npm: installs, builds, and
// runs one program with the arguments that were given. Everything before the program goes to
// stderr, and nothing comes after it, so that stdout is the program's.
import { BUILD, checkNode, INSTALL, pnpmCommand, run } from './pnpm.mjs'

const PROGRAMS = new Map([
  ['demo', 'examples/demo/demo.mjs'],
  ['bench', 'bench/run.mjs'],
])

const [name = '', ...args] = process.argv.slice(2)
const program = PROGRAMS.get(name)
if (program === undefined) {
  throw new TypeError(`usage: bootstrap.mjs ${[...PROGRAMS.keys()].join('|')} [ARGS...]`)
}
checkNode()
for (const step of [INSTALL, BUILD]) {
  const code = await run(...pnpmCommand(step), { output: 'stderr' })
  if (code !== 0) process.exit(code)
}
process.exitCode = await run(process.execPath, [program, ...args], { output: 'inherit' })
