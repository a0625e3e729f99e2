import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheDirectory, makeComplete } from './cache-directory.mjs'
import { chromaCommand, spawnChroma } from './chroma-spawn.mjs'
import { canUnpackDebianLibraries, unpackDebianLibraries } from './debian-libraries.mjs'
import { freePort } from './free-port.mjs'
import { runCommand } from './run-command.mjs'

const CHROMADB = '3.5.0'
/** The engine as a native library. What chromadb 3.5.0 asks for, written down to stay the same. */
const BINDING = '1.3.4'
/** The last one that loads on a C library older than 2.38. */
const OLD_BINDING = '1.0.5'
const GLIBC_MINOR_MIN = 39
const INSTALL_TIMEOUT_MS = 300_000
const TRY_AGAIN_AFTER_MS = 86_400_000
const HOST = '127.0.0.1'
/** Written into an installation when a server has run from it. */
const PROOF = 'works.json'

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} binding
 * @property {boolean} ownLibraries
 */

/**
 * Installs the first variant of the Chroma server that runs on this machine, or finds it in the
 * cache, where nothing is asked of the network.
 *
 * @param {{ readonly log?: (line: string) => void }} [options]
 * @returns {Promise<import('./chroma-spawn.mjs').Installation & { engine: string, variant: string }>}
 */
export async function installChroma({ log = () => {} } = {}) {
  const failures = []
  const candidates = variants()
  for (const [index, variant] of candidates.entries()) {
    const directory = directoryOf(variant)
    const spare = candidates.slice(index + 1).some((other) => existsSync(directoryOf(other)))
    if (!existsSync(directory) && spare && (await failedLately(directory))) continue
    try {
      if (!existsSync(directory)) {
        log(`Installing the Chroma server (${variant.name}); this is done once.`)
        await install(variant, directory)
      }
      const { engine } = JSON.parse(await readFile(join(directory, PROOF), 'utf8'))
      if (variant.binding === OLD_BINDING) {
        log(`The current Chroma server does not run here; using the older engine ${engine}.`)
      }
      return { directory, ownLibraries: variant.ownLibraries, engine, variant: variant.name }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      failures.push(`${variant.name}: ${reason}`)
      log(`The Chroma server (${variant.name}) can't be installed: ${reason}`)
      await writeFile(`${directory}.failed`, reason).catch(() => {})
    }
  }
  throw new Error(`no Chroma server can be installed here:\n${failures.join('\n')}`)
}

/** What may run here, the best first. */
function variants() {
  const machine = `${process.platform}-${process.arch}`
  const direct = {
    name: `${CHROMADB}-${BINDING}-${machine}`,
    binding: BINDING,
    ownLibraries: false,
  }
  if (process.platform !== 'linux') return [direct]
  const withLibraries = { ...direct, name: `${direct.name}-debian`, ownLibraries: true }
  const old = {
    name: `${CHROMADB}-${OLD_BINDING}-${machine}`,
    binding: OLD_BINDING,
    ownLibraries: false,
  }
  return [
    ...(hasNewLibraries() ? [direct] : []),
    ...(canUnpackDebianLibraries() ? [withLibraries] : []),
    old,
  ]
}

function hasNewLibraries() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  )
  const [major = 0, minor = 0] = (report.header.glibcVersionRuntime ?? '').split('.').map(Number)
  return major > 2 || (major === 2 && minor >= GLIBC_MINOR_MIN)
}

/** @param {Variant} variant */
function directoryOf({ name }) {
  return join(cacheDirectory(), 'chroma', name)
}

/** @param {string} directory */
async function failedLately(directory) {
  const status = await stat(`${directory}.failed`).catch(() => undefined)
  return status !== undefined && Date.now() - status.mtimeMs < TRY_AGAIN_AFTER_MS
}

/**
 * @param {Variant} variant
 * @param {string} directory
 */
async function install({ binding, ownLibraries }, directory) {
  await makeComplete(directory, async (partial) => {
    if (ownLibraries) {
      await mkdir(join(partial, 'libraries'))
      await unpackDebianLibraries(join(partial, 'libraries'))
    }
    await installPackages(partial, binding)
    const engine = await proveThatItRuns({ directory: partial, ownLibraries })
    await writeFile(join(partial, PROOF), JSON.stringify({ engine }))
  })
  await rm(`${directory}.failed`, { force: true })
}

/**
 * @param {string} directory
 * @param {string} binding
 */
async function installPackages(directory, binding) {
  const platforms = [
    'darwin-arm64',
    'darwin-x64',
    'linux-arm64-gnu',
    'linux-x64-gnu',
    'win32-x64-msvc',
  ]
  const manifest = {
    name: 'holdfast-chroma-server',
    private: true,
    dependencies: { chromadb: CHROMADB },
    overrides: Object.fromEntries(
      platforms.map((platform) => [`chromadb-js-bindings-${platform}`, binding]),
    ),
  }
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest))
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts']
  args.push('--prefer-offline', '--loglevel=error')
  // A network that is down must be noticed in seconds, not in the minutes that npm grants it.
  args.push('--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000')
  args.push('--fetch-timeout=20000')
  await runCommand('npm', args, { cwd: directory, timeoutMs: INSTALL_TIMEOUT_MS })
}

/**
 * Really starts it: whether a native library loads is known only then.
 *
 * @param {import('./chroma-spawn.mjs').Installation} installation
 * @returns {Promise<string>} the engine's version
 */
async function proveThatItRuns(installation) {
  const [command, ...args] = chromaCommand(installation)
  const said = await runCommand(command, [...args, '--version'], { timeoutMs: 30_000 })
  const dataDirectory = await mkdtemp(join(tmpdir(), 'holdfast-chroma-proof-'))
  try {
    const port = await freePort(HOST)
    const options = { dataDirectory, host: HOST, port, temporary: true }
    const server = await spawnChroma(installation, options)
    await server.kill()
  } finally {
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 3 })
  }
  return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'unknown'
}
