import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ChromaClient } from 'chromadb'
import { startChroma } from '../../scripts/servers/chroma.mjs'
import { copyDurably } from './disk.mjs'
import { fillCollection } from './records.mjs'

const FILLED_FILE = 'filled.json'

/**
 * A Chroma that has the same collections whenever it is asked for one, although the benchmarks
 * delete them. Our own server is filled once and stopped, and every `fresh` server runs on a copy
 * of its data; a server at `CHROMA_URL` is filled again with what is gone.
 *
 * @typedef {object} ChromaSource
 * @property {string} engine version of the server
 * @property {() => Promise<FreshChroma>} fresh
 * @property {() => Promise<void>} close
 *
 * @typedef {object} FreshChroma
 * @property {string} url
 * @property {(size: number) => string} nameOf collection with that many records
 * @property {() => Promise<void>} close
 */

/** @param {string} url */
export function connect(url) {
  const { hostname, port, protocol } = new URL(url)
  return new ChromaClient({ host: hostname, port: Number(port), ssl: protocol === 'https:' })
}

/** Version of the client that the benchmarks use. */
export const CLIENT_VERSION = JSON.parse(
  await readFile(new URL('../package.json', import.meta.resolve('chromadb')), 'utf8'),
).version

/**
 * @param {{
 *   readonly sizes: readonly number[], readonly directory: string, readonly random: () => number,
 *   readonly data: string | undefined, readonly log: (line: string) => void,
 * }} options
 * @returns {Promise<ChromaSource>}
 */
export async function openChroma(options) {
  const url = process.env['CHROMA_URL']
  return url === undefined ? ownChroma(options) : givenChroma({ ...options, url })
}

async function ownChroma({ sizes, directory, data, random, log }) {
  const filled = data ?? join(directory, 'filled')
  const contents = JSON.stringify({ client: CLIENT_VERSION, sizes })
  let engine = await engineOf(filled, contents)
  if (engine === undefined) {
    await rm(filled, { recursive: true, force: true })
    const server = await startChroma({ dataDirectory: filled, log })
    engine = server.engine
    for (const size of sizes) await fill(connect(server.url), nameOf(size), size, { random, log })
    await server.stop()
    await writeFile(join(filled, FILLED_FILE), JSON.stringify({ engine, contents }))
  } else {
    log(`uses what was filled before in ${filled}`)
  }
  let copies = 0
  return {
    engine,
    fresh: async () => {
      const copy = join(directory, `copy-${copies++}`)
      await copyDurably(filled, copy)
      const server = await startChroma({ dataDirectory: copy, log })
      await warmUp(connect(server.url), sizes.map(nameOf))
      return {
        url: server.url,
        nameOf,
        close: async () => {
          await server.stop()
          await rm(copy, { recursive: true, force: true, maxRetries: 3 })
        },
      }
    },
    close: async () => {},
  }
}

async function engineOf(filled, contents) {
  try {
    const found = JSON.parse(await readFile(join(filled, FILLED_FILE), 'utf8'))
    return found.contents === contents ? found.engine : undefined
  } catch {
    return undefined
  }
}

async function givenChroma({ url, sizes, random, log }) {
  const client = connect(url)
  const suffix = Math.floor(random() * 1e9).toString(36)
  const name = (size) => `${nameOf(size)}-${suffix}`
  return {
    engine: await client.version(),
    fresh: async () => {
      for (const size of sizes) {
        if (!(await isThere(client, name(size), size)))
          await fill(client, name(size), size, { random, log })
      }
      await warmUp(client, sizes.map(name))
      return { url, nameOf: name, close: async () => {} }
    },
    close: async () => {
      for (const size of sizes) {
        await client.deleteCollection({ name: name(size) }).catch(() => {})
      }
    },
  }
}

/** @param {number} size */
function nameOf(size) {
  return `bench-${size}`
}

async function isThere(client, name, size) {
  const found = await client.getCollection({ name }).catch(() => undefined)
  return found !== undefined && (await found.count()) === size
}

async function fill(client, name, size, { random, log }) {
  await client.deleteCollection({ name }).catch(() => {})
  const collection = await client.createCollection({ name, embeddingFunction: null })
  log(`fills ${name}`)
  await fillCollection(collection, size, random)
}

/** Lets the server load its index, so that whoever comes first doesn't pay for it. */
async function warmUp(client, names) {
  for (const name of names) {
    const collection = await client.getCollection({ name })
    const { embeddings } = await collection.get({ limit: 1, include: ['embeddings'] })
    await collection.query({ queryEmbeddings: embeddings, nResults: 1 })
  }
}
