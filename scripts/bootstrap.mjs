// One command on a bare machine: `npm start` / `npm test`. Brings the pinned pnpm through npx.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pkg = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19) || (major === 22 && minor < 12)) {
  console.error(`Node ${pkg.engines.node} is needed; this is ${process.version}.`)
  process.exit(1)
}
const pnpm = (args) => {
  // --yes: without it npx asks on a terminal, and stops where npm is set to `yes=false`.
  // --prefer-offline: without it a machine that lost its network waits minutes before it uses the cache.
  const r = spawnSync('npx', ['--yes', '--prefer-offline', pkg.packageManager, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (r.status !== 0) process.exit(r.status ?? 1)
}
pnpm(['install', '--frozen-lockfile', '--prefer-offline'])
const [script, ...rest] = process.argv.slice(2)
if (script) pnpm(['run', script, ...rest])
