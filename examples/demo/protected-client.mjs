import { protect } from '@holdfast/adapter-chroma'
import { checkWhole, exists } from './dataset.mjs'
import { check } from './demo-error.mjs'
import { onEveryEvent, printEvent } from './events.mjs'
import { openManager } from './store.mjs'
import { ok, say, showCode } from './terminal.mjs'

/**
 * Renames one collection and deletes the other one by the calls that any backend has today.
 *
 * @param {import('./demo.mjs').Stage} stage
 * @returns {Promise<string>} the new name of the articles
 */
export async function changeByPlainCalls({ server, directory, articles, products }) {
  const manager = await openManager(server.client, directory)
  try {
    onEveryEvent(manager, printEvent)
    say('  The client is the one of before, except for one line:')
    showCode('const client = protect(plainClient, manager)')
    const client = protect(server.client, manager)

    const renamed = `${articles.name}-v2`
    const collection = await client.getCollection({ name: articles.name })
    showCode(`await collection.modify({ name: '${renamed}' })`)
    await collection.modify({ name: renamed })
    check(!(await exists(server, articles.name)), `There still is a ${articles.name}.`)
    await checkWhole(server, articles, renamed)

    showCode(`await client.deleteCollection({ name: '${products.name}' })`)
    await client.deleteCollection({ name: products.name })
    check(!(await exists(server, products.name)), `There still is a ${products.name}.`)
    ok(`${products.name} is gone, and can be taken back for seven days.`)
    return renamed
  } finally {
    await manager.close()
  }
}
