import { randomBytes } from 'node:crypto'
import { startChroma } from '../../scripts/servers/chroma.mjs'
import { DemoError } from './demo-error.mjs'
import { clientOf, listCollections } from './store.mjs'
import { ok, say } from './terminal.mjs'

const ANSWER_WITHIN_MS = 10_000
/** In the metadata of all of our collections, whatever they are called at the moment. */
const MARK = 'holdfast_demo'

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {string} version of the engine
 * @property {boolean} own whether it goes with us
 * @property {import('chromadb').ChromaClient} client
 * @property {string} prefix of all names of collections
 * @property {Record<string, string>} metadata of all collections
 * @property {() => Promise<void>} close stops our server, or removes what we made in another one
 */

/** @returns {Promise<Server>} the one at CHROMA_URL, or one of our own */
export async function connect() {
  const given = process.env['CHROMA_URL']
  return given ? connectToGiven(given) : startOwn()
}

/** @returns {Promise<Server>} */
async function startOwn() {
  say('  Starting a Chroma server …')
  const log = (/** @type {string} */ line) => say(`  ${line}`)
  const { url, engine, stop } = await startChroma({ log }).catch((error) => {
    throw new DemoError(`${error.message}\nSet CHROMA_URL to use a server that runs already.`)
  })
  ok(`Chroma ${engine} runs at ${url}, its data in a temporary directory.`)
  const client = clientOf(url)
  return { url, version: engine, own: true, client, prefix: '', metadata: {}, close: stop }
}

/**
 * @param {string} url
 * @returns {Promise<Server>}
 */
async function connectToGiven(url) {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new DemoError(`CHROMA_URL is not a URL such as http://localhost:8000: ${url}`)
  }
  const { origin } = new URL(url)
  const version = await askVersion(origin).catch((error) => {
    const reason = error.cause?.message || error.cause?.code || error.message
    throw new DemoError(
      `No Chroma answers at CHROMA_URL, ${origin} (${reason}).\n` +
        'Start one there, or leave CHROMA_URL out: then the demo starts one of its own.',
    )
  })
  const client = clientOf(origin)
  const run = randomBytes(3).toString('hex')
  const prefix = `demo-${run}-`
  ok(`Chroma answers at ${origin}, and says that it is ${version}.`)
  say(`    What this demo makes there is called ${prefix}… and is removed at the end.`)
  const close = () => removeCollections(client, run)
  return { url: origin, version, own: false, client, prefix, metadata: { [MARK]: run }, close }
}

/**
 * Found by their mark and not by their names: an interrupted drop leaves another name behind.
 *
 * @param {import('chromadb').ChromaClient} client
 * @param {string} run
 */
async function removeCollections(client, run) {
  for (const { name, metadata } of await listCollections(client)) {
    if (metadata?.[MARK] === run) await client.deleteCollection({ name })
  }
}

/**
 * The client's own errors don't tell what was wrong with the connection.
 *
 * @param {string} origin
 * @returns {Promise<string>}
 */
async function askVersion(origin) {
  const response = await fetch(`${origin}/api/v2/version`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  const version = response.ok && (await response.json().catch(() => undefined))
  if (typeof version === 'string') return version
  throw new Error(`what answers there is no Chroma 1: ${response.status}`)
}
