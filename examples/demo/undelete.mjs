import { checkWhole } from './dataset.mjs'
import { check } from './demo-error.mjs'
import { onEveryEvent, printEvent } from './events.mjs'
import { openManager } from './store.mjs'
import { countOf, showCode } from './terminal.mjs'

/**
 * Takes both deletes back: the one by a plain call, and the one that recovery has finished.
 *
 * @param {import('./demo.mjs').Stage} stage
 * @param {string} articlesName what the articles were called when they were deleted
 */
export async function takeDeletesBack(stage, articlesName) {
  const { server, directory, articles, products, signal } = stage
  const deleted = [
    { dataset: products, name: products.name },
    { dataset: articles, name: articlesName },
  ]
  const manager = await openManager(server.client, directory)
  try {
    onEveryEvent(manager, printEvent)
    for (const { dataset, name } of deleted) {
      signal.throwIfAborted()
      showCode(`await manager.operations.undelete(operationId) // of the delete of ${name}`)
      const kind = 'collection:delete'
      const [latest] = await manager.history({ kind, state: 'committed', collection: name })
      const { recordCount } = await manager.operations.undelete(latest?.operationId ?? '', {
        signal,
      })
      check(recordCount === dataset.count, `Only ${countOf(recordCount)} records are back.`)
      await checkWhole(server, dataset, name)
    }
  } finally {
    await manager.close()
  }
}
