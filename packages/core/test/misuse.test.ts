import { expect, it } from 'vitest'
import { openConsistencyManager } from '../src/consistency-manager.ts'
import { MemoryFileSystem } from '../src/testing/memory-file-system.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'

/** What the types forbid and plain JavaScript does. Nothing may be changed by it. */

const parts = () => ({ fileSystem: new MemoryFileSystem() })

async function openWithDocs() {
  const store = new MemoryStore()
  await store.createCollection({ name: 'docs', metric: 'dot', dimension: 1 })
  const manager = await openConsistencyManager({ store, directory: '/h', parts: parts() })
  return { store, manager }
}

it('a misspelt option is refused, before anything is done', async () => {
  const { store, manager } = await openWithDocs()
  const misspelt = { dryrun: true } as object
  await expect(manager.operations.safeDeleteCollection('docs', misspelt)).rejects.toThrow(
    'There is no option `dryrun`; there are signal, waitMs, idempotencyKey, actor, dryRun',
  )
  expect(Object.keys(store.snapshot())).toEqual(['docs'])
  expect(await manager.history()).toEqual([])
  await manager.close()
})

it('two names that are not in an object are told how to be given', async () => {
  const { manager } = await openWithDocs()
  const { operations } = manager
  const rename = operations.safeRenameCollection.bind(operations) as unknown as (
    ...names: string[]
  ) => Promise<unknown>
  const told = /got (papers|undefined).*\{ from, to \}/
  await expect(rename('docs', 'papers')).rejects.toThrow(told)
  await expect(rename('docs')).rejects.toThrow(told)
  await manager.close()
})

it('a client in the place of the store leaves no trace in the directory', async () => {
  const fileSystem = new MemoryFileSystem()
  const client = { getCollection: async () => undefined } as unknown as MemoryStore
  const opening = openConsistencyManager({ store: client, directory: '/h', parts: { fileSystem } })
  await expect(opening).rejects.toThrow('`store` must be an adapter')
  await expect(fileSystem.readFile('/h/holdfast.json')).rejects.toMatchObject({ code: 'ENOENT' })
})
