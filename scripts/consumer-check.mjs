// What a user gets: packs the packages, installs the tarballs with npm into a fresh ESM app and a
// fresh CommonJS app, type-checks both with several versions of TypeScript, and runs a rename on a
// real Chroma in each. `CONSUMER_KEEP=1` leaves the apps in place.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pnpmCommand, ROOT } from './pnpm.mjs'
import { startChroma } from './servers/chroma.mjs'
import { twoAtOnce } from './two-at-once.mjs'

const PROGRAMS = join(ROOT, 'scripts', 'consumer')
const TYPESCRIPTS = ['5.9.3', '6.0.3', '7.0.2']
const COMPILER = '5.9.3'
const NODE_RESOLUTION = { module: 'nodenext', moduleResolution: 'nodenext' }
const RESOLUTIONS = [
  { module: 'node16', moduleResolution: 'node16' },
  NODE_RESOLUTION,
  { module: 'esnext', moduleResolution: 'bundler' },
]
const APPS = [
  { name: 'ESM', type: 'module' },
  { name: 'CommonJS', type: 'commonjs' },
]
/** Code for two module systems with its maps. Much more means that something else got in. */
const TARBALL_BYTES_MAX = 1_000_000
const COMMAND_TIMEOUT_MS = 300_000

const execute = promisify(execFile)
let failedCount = 0

// The blank is there to be stumbled over.
const directory = await mkdtemp(join(tmpdir(), 'holdfast consumer-'))
try {
  await checkAll()
} finally {
  if (process.env['CONSUMER_KEEP']) console.log(`The apps are in ${directory}`)
  else await rm(directory, { recursive: true, force: true, maxRetries: 3 })
}
process.exitCode = failedCount > 0 ? 1 : 0

async function checkAll() {
  const tarballs = await pack()
  // What is wrong with a tarball shows in each later step again, and says less there.
  if (failedCount > 0) return
  const compilers = join(directory, 'compilers')
  const dependencies = {
    ...Object.fromEntries(tarballs.map(({ name, file }) => [name, `file:../tarballs/${file}`])),
    chromadb: '3.5.0',
    '@types/node': '20.19.43',
  }
  await twoAtOnce([
    () =>
      installApp(compilers, {
        dependencies: Object.fromEntries(
          TYPESCRIPTS.map((version) => [`ts-${version}`, `npm:typescript@${version}`]),
        ),
      }),
    // The native Chroma server is an optional dependency of chromadb, and is not wanted here.
    ...APPS.map(({ name, type }) => async () => {
      await installApp(join(directory, name), { type, dependencies }, '--omit=optional')
      for (const file of ['main.ts', 'our-types.ts', 'two-copies.mjs']) {
        await cp(join(PROGRAMS, file), join(directory, name, file))
      }
    }),
  ])
  await twoAtOnce(APPS.flatMap(({ name }) => typeChecks(name, compilers)))
  await step('errors of the CommonJS copy are known to the ESM copy', async () => {
    const args = [join(directory, 'ESM', 'two-copies.mjs')]
    equal(await output(process.execPath, args, directory), {
      twoCopies: true,
      recognized: true,
      strangers: false,
    })
  })
  await runApps(compilers)
}

/** npm leaves `workspace:` and `catalog:` in what it packs, so pnpm packs; this is what shows it. */
async function pack() {
  const target = join(directory, 'tarballs')
  await mkdir(target)
  const [command, args] = pnpmCommand(['-r', '--filter', './packages/**', 'pack'])
  await output(command, [...args, '--pack-destination', target], ROOT)
  const packed = []
  for (const file of await readdir(target)) {
    const path = join(target, file)
    const { size } = await stat(path)
    const manifest = await output('tar', ['-xOzf', path, 'package/package.json'], directory)
    const { name } = JSON.parse(manifest)
    const files = (await output('tar', ['-tzf', path], directory)).trim().split('\n')
    await step(`${name} is packed as it should be (${Math.ceil(size / 1_000)} kB)`, async () => {
      const left = /"(?:workspace|catalog):[^"]*"/.exec(manifest)
      if (left) throw new Error(`nobody can install ${left[0]}`)
      for (const needed of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.cjs']) {
        if (!files.includes(`package/${needed}`)) throw new Error(`${needed} is not in the tarball`)
      }
      if (size > TARBALL_BYTES_MAX) throw new Error(`more than ${TARBALL_BYTES_MAX} bytes`)
    })
    packed.push({ name, file })
  }
  return packed
}

/**
 * @param {string} app
 * @param {object} manifest
 * @param {...string} more
 */
async function installApp(app, manifest, ...more) {
  await mkdir(app)
  const all = { name: 'consumer', version: '1.0.0', private: true, ...manifest }
  await writeFile(join(app, 'package.json'), JSON.stringify(all))
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  args.push('--no-package-lock', '--fetch-retries=1', ...more)
  await output('npm', args, app)
}

/**
 * @param {string} name of the app
 * @param {string} compilers
 */
function typeChecks(name, compilers) {
  const app = join(directory, name)
  return TYPESCRIPTS.flatMap((version) => [
    ...RESOLUTIONS.map((resolution) => () => {
      const title = `types in ${name}, TypeScript ${version}, ${resolution.moduleResolution}`
      const options = { ...resolution, skipLibCheck: true, noEmit: true }
      return step(title, () =>
        compile(app, ['main.ts', 'our-types.ts'], { compilers, version, options }),
      )
    }),
    () => {
      const title = `all of our declarations in ${name}, TypeScript ${version}`
      const options = { ...NODE_RESOLUTION, skipLibCheck: false, noEmit: true }
      return step(title, () => compile(app, ['our-types.ts'], { compilers, version, options }))
    },
  ])
}

/**
 * @param {string} app
 * @param {readonly string[]} files
 * @param {{ readonly compilers: string, readonly version: string, readonly options: object }} how
 */
async function compile(app, files, { compilers, version, options }) {
  const compilerOptions = {
    target: 'es2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ['node'],
    ...options,
  }
  const project = join(app, `tsconfig.${randomUUID()}.json`)
  await writeFile(project, JSON.stringify({ compilerOptions, files }))
  const tsc = join(compilers, 'node_modules', `ts-${version}`, 'bin', 'tsc')
  await output(process.execPath, [tsc, '-p', project], app)
}

/** @param {string} compilers */
async function runApps(compilers) {
  const server = await chroma()
  if (server === undefined) return
  try {
    for (const { name } of APPS) {
      await step(`${name} app renames and deletes on a real Chroma`, async () => {
        const app = join(directory, name)
        const options = { ...NODE_RESOLUTION, skipLibCheck: true }
        await compile(app, ['main.ts'], { compilers, version: COMPILER, options })
        const prefix = `consumer-${name}-${process.pid}`
        const args = ['main.js', server.url, join(app, 'holdfast'), prefix]
        equal(await output(process.execPath, args, app), {
          hasOperationId: true,
          consistencyVerified: true,
          missing: 'COLLECTION_NOT_FOUND',
          count: 2,
          left: [],
        })
      })
    }
  } finally {
    await server.stop()
  }
}

/** The server that was given, or one of our own; a failure only where there must be one. */
async function chroma() {
  const given = process.env['CHROMA_URL']
  if (given) return { url: given, stop: async () => {} }
  try {
    return await startChroma({ log: console.error })
  } catch (error) {
    if (process.env['CI']) throw error
    console.error(`NO CHROMA SERVER: the apps were NOT RUN.\n${error}`)
    return undefined
  }
}

/**
 * @param {string} name
 * @param {() => Promise<void>} body
 */
async function step(name, body) {
  try {
    await body()
    console.log(`ok     ${name}`)
  } catch (error) {
    failedCount++
    console.log(`FAILED ${name}\n${error instanceof Error ? error.message : error}`)
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function output(command, args, cwd) {
  const shell = process.platform === 'win32' && command !== process.execPath
  const options = { cwd, shell, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 1_024 * 1_024 }
  try {
    return (await execute(command, args, options)).stdout
  } catch (error) {
    const { message, stdout } = /** @type {Error & { stdout?: string }} */ (error)
    throw new Error(`${message}\n${stdout ?? ''}`)
  }
}

/**
 * @param {string} printed the last line is JSON
 * @param {object} expected
 */
function equal(printed, expected) {
  const last = printed.trim().split('\n').at(-1)
  const wanted = JSON.stringify(expected)
  if (last !== wanted) throw new Error(`printed ${last}\nexpected ${wanted}`)
}
