import { AdminClient, ChromaClient } from 'chromadb'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter } from '../src/index.ts'

const TENANT = 'default_tenant'
let counter = 0

/** What the server can do. Where the current engine does not run, the tests run on an older one. */
export interface ServerAbilities {
  /** Lists in the metadata of records. */
  readonly lists: boolean
  /** A schema that says which metadata has an index. */
  readonly schemas: boolean
}

export async function serverAbilities(): Promise<ServerAbilities> {
  if (chromaUrl() === undefined) return { lists: true, schemas: true }
  const { client, remove } = await ownDatabase()
  try {
    const probe = await client.createCollection({ name: 'probe', embeddingFunction: null })
    const put = probe.add({ ids: ['r'], embeddings: [[1]], metadatas: [{ list: ['a'] }] })
    const lists = await put.then(
      () => true,
      () => false,
    )
    return { lists, schemas: probe.schema !== undefined }
  } finally {
    await remove()
  }
}

/** A database of its own on the test server, and a client in it. */
export interface OwnDatabase {
  readonly client: ChromaClient
  readonly name: string
  remove(): Promise<void>
}

export async function ownDatabase(): Promise<OwnDatabase> {
  const { host, port, ssl } = serverOf(chromaUrl() ?? '')
  const admin = new AdminClient({ host, port, ssl })
  const name = `adapter-${process.pid}-${Date.now()}-${counter++}`
  await admin.createDatabase({ name, tenant: TENANT })
  return {
    client: new ChromaClient({ host, port, ssl, tenant: TENANT, database: name }),
    name,
    remove: () => admin.deleteDatabase({ name, tenant: TENANT }),
  }
}

/** An adapter on an empty database, which goes when it is disposed. */
export async function ownAdapter(): Promise<ChromaAdapter> {
  const database = await ownDatabase()
  return new DisposableAdapter(database)
}

class DisposableAdapter extends ChromaAdapter {
  #database: OwnDatabase | undefined

  constructor(database: OwnDatabase) {
    super({ client: database.client })
    this.#database = database
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    const database = this.#database
    this.#database = undefined
    await database?.remove()
  }
}

function serverOf(url: string): { host: string; port: number; ssl: boolean } {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname, port: Number(port), ssl: protocol === 'https:' }
}
