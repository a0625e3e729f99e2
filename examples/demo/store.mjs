import { ChromaAdapter } from '@holdfast/adapter-chroma'
import { openConsistencyManager } from '@holdfast/core'
import { ChromaClient } from 'chromadb'

const PAGE = 100

/** @param {string} url */
export function clientOf(url) {
  const { hostname, port, protocol } = new URL(url)
  const ssl = protocol === 'https:'
  return new ChromaClient({ host: hostname, port: Number(port) || (ssl ? 443 : 80), ssl })
}

/**
 * The only lines that Holdfast adds to a backend, besides `protect`.
 *
 * @param {ChromaClient} client
 * @param {string} directory for journal and backups
 */
export function openManager(client, directory) {
  return openConsistencyManager({ store: new ChromaAdapter({ client }), directory })
}

/**
 * @param {ChromaClient} client
 * @returns {Promise<import('chromadb').Collection[]>} all of them, not only the first hundred
 */
export async function listCollections(client) {
  const collections = []
  for (;;) {
    const page = await client.listCollections({ limit: PAGE, offset: collections.length })
    collections.push(...page)
    if (page.length < PAGE) return collections
  }
}
