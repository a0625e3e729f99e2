// Opens one directory, in a process of its own.
import { openConsistencyManager } from '@holdfast/core'
import { MemoryStore } from '@holdfast/core/testing'
import { answerParent } from '../support/child.mjs'
import { watched } from '../support/watch.mjs'

await answerParent(async ({ directory }) => {
  const store = new MemoryStore()
  let manager
  const measured = await watched(async () => {
    manager = await openConsistencyManager({ store, directory })
  })
  await manager.close()
  return measured
})
