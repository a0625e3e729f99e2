#!/usr/bin/env node
// A real Chroma server for tests, benchmarks and people:
//
//     node scripts/servers/chroma.mjs --port 8801 --path DIRECTORY
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installChroma } from './chroma-install.mjs'
import { PortTakenError, spawnChroma } from './chroma-spawn.mjs'
import { freePort } from './free-port.mjs'

export { installChroma }

const USAGE = 'usage: node scripts/servers/chroma.mjs [--port PORT] [--path DIRECTORY]'
const HOST = '127.0.0.1'
const PORTS_TRIED_MAX = 5
const REMOVE = { recursive: true, force: true, maxRetries: 3 }

/**
 * A server that runs and answers. It ends with the process that started it, however that one ends.
 *
 * @typedef {object} RunningChroma
 * @property {string} url
 * @property {string} host
 * @property {number} port
 * @property {number} pid
 * @property {string} dataDirectory
 * @property {string} engine version of Chroma itself, such as `1.4.4`
 * @property {string} variant which installation it runs from
 * @property {Promise<string>} exited resolves when the process is gone, with how it ended
 * @property {() => Promise<void>} stop in good order; removes a data directory that was not given
 * @property {() => Promise<void>} kill at once, like a power cut; leaves the data as it is
 */

/**
 * Starts a Chroma server, installing it first where that was not done yet.
 *
 * Without `dataDirectory` it gets one in the temporary directory, which goes when it is stopped.
 * Without `port` it gets a free one.
 *
 * @param {{ dataDirectory?: string, port?: number, log?: (line: string) => void }} [options]
 * @returns {Promise<RunningChroma>}
 */
export async function startChroma({ dataDirectory, port, log } = {}) {
  const installation = await installChroma(log === undefined ? {} : { log })
  const given = dataDirectory !== undefined
  const directory = given
    ? resolve(dataDirectory)
    : await mkdtemp(join(tmpdir(), 'holdfast-chroma-'))
  const removeWithUs = () => rmSync(directory, REMOVE)
  if (!given) process.once('exit', removeWithUs)
  const removeNow = async () => {
    if (given) return
    process.off('exit', removeWithUs)
    await rm(directory, REMOVE)
  }
  const where = { dataDirectory: directory, temporary: !given, port }
  const { server, usedPort } = await spawnOnSomePort(installation, where).catch(async (error) => {
    await removeNow()
    throw error
  })
  return {
    url: `http://${HOST}:${usedPort}`,
    host: HOST,
    port: usedPort,
    pid: server.pid,
    dataDirectory: directory,
    engine: installation.engine,
    variant: installation.variant,
    exited: server.exited,
    stop: async () => {
      await server.stop()
      await removeNow()
    },
    kill: () => server.kill(),
  }
}

/**
 * @param {import('./chroma-spawn.mjs').Installation} installation
 * @param {{ dataDirectory: string, temporary: boolean, port: number | undefined }} where
 */
async function spawnOnSomePort(installation, { dataDirectory, temporary, port }) {
  for (let tried = 1; ; tried++) {
    const usedPort = port ?? (await freePort(HOST))
    try {
      const options = { dataDirectory, temporary, host: HOST, port: usedPort }
      return { server: await spawnChroma(installation, options), usedPort }
    } catch (error) {
      const another = error instanceof PortTakenError && port === undefined
      if (!another || tried === PORTS_TRIED_MAX) throw error
    }
  }
}

async function main() {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, path: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(USAGE)
    return
  }
  const server = await startChroma({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values.path === undefined ? {} : { dataDirectory: values.path }),
    log: console.error,
  })
  console.log(`Chroma ${server.engine} at ${server.url}, data in ${server.dataDirectory}`)
  console.log('Ctrl-C stops it.')
  // Nothing else keeps this process alive.
  const alive = setInterval(() => {}, 3_600_000)
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const how = await Promise.race([asked, server.exited])
  clearInterval(alive)
  await server.stop()
  if (typeof how === 'string') throw new Error(`the server ${how} by itself`)
}

/**
 * What went wrong, for the one who called it: the stack is of use only where it is a mistake of ours.
 *
 * @param {unknown} error
 */
function sentenceOf(error) {
  if (error instanceof PortTakenError) {
    return 'This port is taken. Give another --port, or none: then a free one is chosen.'
  }
  if (!(error instanceof Error) || !('code' in error)) return error
  return String(error.code).startsWith('ERR_PARSE_ARGS') ? `${error.message}\n${USAGE}` : error
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === resolve(process.argv[1])) {
  await main().catch((error) => {
    console.error(sentenceOf(error))
    process.exitCode = 1
  })
}
