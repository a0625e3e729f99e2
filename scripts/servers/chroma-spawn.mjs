import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { loaderCommand } from './debian-libraries.mjs'

const MAIN_FILE = fileURLToPath(new URL('./chroma-process.mjs', import.meta.url))
/** A busy machine needs seconds where a quiet one needs a third of one. */
const READY_WITHIN_MS = 30_000
const HEARTBEAT_EVERY_MS = 25
/** Chroma needs a second to end in good order. */
const STOP_WITHIN_MS = 3_000
const OUTPUT_CHARACTERS = 4_000

/**
 * @typedef {object} Installation
 * @property {string} directory holds `node_modules`, and `libraries` when `ownLibraries`
 * @property {boolean} ownLibraries whether it runs with the C library that was unpacked beside it
 */

/** Says that the port was taken by somebody else: the one failure that another port may mend. */
export class PortTakenError extends Error {
  /** @override */
  name = 'PortTakenError'
}

/**
 * @typedef {object} SpawnOptions
 * @property {string} dataDirectory
 * @property {string} host
 * @property {number} port
 * @property {boolean} temporary whether the data directory goes when we are killed
 */

/**
 * Starts a server and resolves when it answers.
 *
 * @param {Installation} installation
 * @param {Readonly<SpawnOptions>} options
 */
export async function spawnChroma(installation, { dataDirectory, host, port, temporary }) {
  await mkdir(dataDirectory, { recursive: true })
  const [command, ...args] = chromaCommand(installation, [MAIN_FILE])
  args.push('run', '--path', dataDirectory, '--host', host, '--port', String(port))
  // Our end of its stdin stays open until we end, in whatever way: then the server ends too.
  const child = spawn(command, args, {
    cwd: dataDirectory,
    env: { ...process.env, HOLDFAST_TEMPORARY: temporary ? dataDirectory : '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const server = new ChromaProcess(child)
  try {
    await server.ready(`http://${host}:${port}`)
  } catch (error) {
    await server.kill()
    throw error
  }
  return server
}

/**
 * The command that runs Chroma's own command line, without anything around it.
 *
 * @param {Installation} installation
 * @param {readonly string[]} [before] what Node runs in place of it, with it as the first argument
 * @returns {[string, ...string[]]}
 */
export function chromaCommand({ directory, ownLibraries }, before = []) {
  const loader = ownLibraries ? loaderCommand(join(directory, 'libraries')) : []
  const cli = join(directory, 'node_modules', 'chromadb', 'dist', 'cli.mjs')
  const [command = process.execPath, ...args] = [...loader, process.execPath, ...before, cli]
  return [command, ...args]
}

class ChromaProcess {
  #output = ''
  #saidThatItListens = false
  #child
  #exited
  #killWithUs = () => this.#child.kill('SIGKILL')

  /** @param {import('node:child_process').ChildProcessWithoutNullStreams} child */
  constructor(child) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        const output = this.#output + text
        // Clients that were waiting for it fill the output at once.
        this.#saidThatItListens ||= /Connect to Chroma at/i.test(output)
        this.#output = output.slice(-OUTPUT_CHARACTERS)
      })
    }
    child.stdin.on('error', () => {
      // The server is gone; `exited` tells.
    })
    // Before whoever removes its files.
    process.prependOnceListener('exit', this.#killWithUs)
    /** @type {Promise<string>} */
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, signal) => resolve(`ended with ${code ?? signal}`))
    }).finally(() => process.off('exit', this.#killWithUs))
  }

  get pid() {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('the server has not been started')
    return pid
  }

  /** Resolves when the process is gone, with how it ended. */
  get exited() {
    return this.#exited
  }

  /** @param {string} url */
  async ready(url) {
    const gaveUp = Date.now() + READY_WITHIN_MS
    /** @type {string | undefined} */
    let ended
    void this.#exited.then((how) => {
      ended = how
    })
    while (ended === undefined && Date.now() < gaveUp) {
      if (await answers(url)) {
        // Somebody else may listen there, and ours is about to give up.
        await sleep(HEARTBEAT_EVERY_MS)
        if (ended === undefined && this.#saidThatItListens) return this.#keepUsAlive(false)
      }
      await sleep(HEARTBEAT_EVERY_MS)
    }
    const how = ended ?? `did not answer within ${READY_WITHIN_MS} ms`
    const message = `the Chroma server ${how}\n${this.#output.trim()}`
    throw /is not available/.test(this.#output) ? new PortTakenError(message) : new Error(message)
  }

  /**
   * Whether our process stays alive for the server's sake. While nobody waits for it, it must not:
   * a program that forgot to stop its server would never end.
   *
   * @param {boolean} yes
   */
  #keepUsAlive(yes) {
    const { stdin, stdout, stderr } = this.#child
    const sockets = [stdin, stdout, stderr].filter((stream) => stream instanceof Socket)
    for (const handle of [this.#child, ...sockets]) yes ? handle.ref() : handle.unref()
  }

  /** Ends in good order, or by force when that takes too long. SIGTERM hangs with this engine. */
  async stop() {
    this.#keepUsAlive(true)
    this.#child.kill('SIGINT')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** Ends as a power cut would end it. */
  async kill() {
    this.#keepUsAlive(true)
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

/** @param {string} url */
async function answers(url) {
  try {
    const response = await fetch(`${url}/api/v2/heartbeat`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
