// One read, safe delete or drop of a collection, in a process of its own; or nothing at all, which
// tells how long the event loop has to wait because of what else the machine does.
import { setTimeout as sleep } from 'node:timers/promises'
import { ChromaAdapter } from '@holdfast/adapter-chroma'
import { openConsistencyManager } from '@holdfast/core'
import { answerParent } from '../support/child.mjs'
import { connect } from '../support/chroma.mjs'
import { fillCollection } from '../support/records.mjs'
import { watched } from '../support/watch.mjs'

/** Enough to load and warm the code, too few to grow the heap to what is needed later. */
const WARM_UP_RECORDS = 200
const IDLE_MS = 3_000

const WORK = {
  read: measureRead,
  'safe delete': measureSafeDelete,
  drop: measureDrop,
  idle: measureIdle,
}

await answerParent(async ({ what, ...job }) => {
  const client = connect(job.url)
  const small = `bench-small-${process.pid}`
  const collection = await client.createCollection({ name: small, embeddingFunction: null })
  await fillCollection(collection, WARM_UP_RECORDS, Math.random)
  return WORK[what]({ ...job, client, small })
})

async function measureRead({ client, collection: name, small, size, page }) {
  await readAll(await client.getCollection({ name: small }), page)
  await client.deleteCollection({ name: small })
  const collection = await client.getCollection({ name })
  let count = 0
  const measured = await watched(async () => {
    count = await readAll(collection, page)
  })
  if (count !== size) throw new Error(`${name} has ${count} records instead of ${size}`)
  return measured
}

/** As anybody would write it who wants to see every record once. */
async function readAll(collection, page) {
  let count = 0
  for (let offset = 0; ; offset += page) {
    const include = ['embeddings', 'documents', 'metadatas']
    const { ids } = await collection.get({ limit: page, offset, include })
    count += ids.length
    if (ids.length < page) return count
  }
}

async function measureSafeDelete({ client, collection: name, small, size, directory }) {
  const store = new ChromaAdapter({ client })
  const manager = await openConsistencyManager({ store, directory })
  const { operations } = manager
  await operations.safeDeleteCollection(small)
  let deleted
  const measured = await watched(async () => {
    deleted = await operations.safeDeleteCollection(name)
  })
  await manager.close()
  if (deleted.recordCount !== size) throw new Error(`deleted ${deleted.recordCount} of ${size}`)
  return { ...measured, durationsMs: deleted.durationsMs }
}

async function measureDrop({ client, collection: name, small }) {
  await client.deleteCollection({ name: small })
  return watched(() => client.deleteCollection({ name }))
}

async function measureIdle({ client, small }) {
  await client.deleteCollection({ name: small })
  return watched(() => sleep(IDLE_MS))
}
