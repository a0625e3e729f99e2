// What somebody's program looks like who installs the published packages. Type-checked and
// compiled in a fresh ESM app and in a fresh CommonJS app, and run there on a real Chroma.

import { ChromaAdapter, protect } from '@holdfast/adapter-chroma'
import { isHoldfastError, openConsistencyManager } from '@holdfast/core'
import { ChromaClient } from 'chromadb'

async function main(url: string, directory: string, prefix: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const raw = new ChromaClient({ host: hostname, port: Number(port) })
  const created = await raw.createCollection({ name: `${prefix}-before`, embeddingFunction: null })
  await created.add({
    ids: ['a', 'b'],
    embeddings: [
      [1, 0],
      [0, 1],
    ],
  })
  const manager = await openConsistencyManager({
    store: new ChromaAdapter({ client: raw }),
    directory,
  })
  try {
    const client: ChromaClient = protect(raw, manager)
    const collection = await client.getCollection({ name: `${prefix}-before` })
    await collection.modify({ name: `${prefix}-after` })
    const result = await manager.operations.safeRenameCollection({
      from: `${prefix}-after`,
      to: `${prefix}-later`,
    })
    const missing: unknown = await manager.operations
      .safeRenameCollection({ from: `${prefix}-before`, to: `${prefix}-never` })
      .catch((error: unknown) => error)
    const count = await (await raw.getCollection({ name: `${prefix}-later` })).count()
    await client.deleteCollection({ name: `${prefix}-later` })
    const names = (await raw.listCollections()).map(({ name }) => name)
    console.log(
      JSON.stringify({
        hasOperationId: result.operationId.length > 0,
        consistencyVerified: result.consistencyVerified,
        missing: isHoldfastError(missing) ? missing.code : 'not an error of ours',
        count,
        left: names.filter((name) => name.startsWith(prefix)),
      }),
    )
  } finally {
    await manager.close()
  }
}

const [url = '', directory = '', prefix = ''] = process.argv.slice(2)
main(url, directory, prefix).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
