import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { VectorRecord } from '@holdfast/core'
import { ChromaClient, type Collection } from 'chromadb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter } from '../src/index.ts'
import { type Alter, type AlteringProxy, alteringProxy } from './altering-proxy.ts'
import { type OwnDatabase, ownDatabase } from './with-chroma.ts'

const DOCS = { name: 'docs' }
const RECORDS: readonly VectorRecord[] = Array.from({ length: 300 }, (_, index) => ({
  id: `"embeddings":[${index}`,
  vector: Float32Array.from({ length: 40 }, (_, component) => Math.sin(index * 40 + component) / 3),
  metadata: { embeddings: index, path: 'a\\b' },
  ...(index % 3 === 0 ? {} : { text: `text of ${index} "embeddings":[[1,2]]` }),
}))

describe.skipIf(chromaUrl() === undefined)('reading from a real Chroma', () => {
  let database: OwnDatabase
  let client: ChromaClient

  beforeEach(async () => {
    database = await ownDatabase()
    client = database.client
    const store = new ChromaAdapter({ client })
    await store.createCollection({ ...DOCS, metric: 'euclidean' })
    await store.putRecords(DOCS, RECORDS)
  })
  afterEach(() => database.remove())

  /** A client whose collections have something else under some of their names. */
  function changed(members: (real: Collection) => Record<string, unknown>): ChromaAdapter {
    const change = (real: Collection): Collection => {
      const properties = Object.entries(members(real)).map(([name, value]) => [name, { value }])
      return Object.create(real, Object.fromEntries(properties)) as Collection
    }
    const getCollection = async (args: { name: string }): Promise<Collection> =>
      change(await client.getCollection(args))
    return new ChromaAdapter({
      client: Object.create(client, { getCollection: { value: getCollection } }) as ChromaClient,
    })
  }

  async function readAll(store: ChromaAdapter): Promise<readonly VectorRecord[]> {
    const records: VectorRecord[] = []
    for await (const page of store.readRecords(DOCS)) records.push(...page)
    // The server has an order of its own.
    const numberOf = ({ metadata }: VectorRecord): number => Number(metadata?.['embeddings'])
    return records.sort((a, b) => numberOf(a) - numberOf(b))
  }

  test('decodes answers while they arrive, and leaves none to the client', async () => {
    const asked: unknown[] = []
    const store = changed((real) => ({
      get: (args: Parameters<Collection['get']>[0]) => {
        asked.push(args)
        return real.get(args)
      },
    }))
    expect(await readAll(store)).toEqual(RECORDS)
    expect(await store.getRecords(DOCS, ['nobody', RECORDS[7]?.id ?? ''])).toEqual([RECORDS[7]])
    expect(asked).toEqual([])
  })

  test.each([
    ['has no HTTP client below it', undefined],
    ['has another kind of HTTP client', { post: async () => ({ data: { ids: [] } }) }],
  ])('reads the same through a client that %s', async (_, apiClient) => {
    const store = changed((real) => ({
      apiClient,
      get: real.get.bind(real),
      count: real.count.bind(real),
    }))
    expect(await readAll(store)).toEqual(RECORDS)
    expect(await store.getRecords(DOCS, [RECORDS[7]?.id ?? ''])).toEqual([RECORDS[7]])
  })

  test.each([1, 100, 50_000])('an answer that breaks off after %i bytes is told', async (bytes) => {
    const proxy = await cuttingProxy(bytes)
    try {
      const { port } = proxy.address() as AddressInfo
      const cut = new ChromaClient({ host: '127.0.0.1', port, database: database.name })
      await expect(readAll(new ChromaAdapter({ client: cut }))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome: 'unchanged',
        retryable: true,
      })
    } finally {
      proxy.close()
    }
  })

  /** Reads through a proxy that changes what it passes on. */
  async function through(
    alter: Alter,
    use: (store: ChromaAdapter, proxy: AlteringProxy) => Promise<void>,
  ): Promise<void> {
    const proxy = await alteringProxy(chromaUrl() ?? '', alter)
    try {
      const { port } = proxy
      const altered = new ChromaClient({ host: '127.0.0.1', port, database: database.name })
      await use(new ChromaAdapter({ client: altered }), proxy)
    } finally {
      await proxy.close()
    }
  }

  test('a proxy that lets through fewer ids than were asked for hides no record', async () => {
    const capped: Alter = ({ limit }) => (limit ? { request: { limit: Math.min(limit, 70) } } : {})
    await through(capped, async (store) => {
      expect(await readAll(store)).toEqual(RECORDS)
      const pages: (readonly string[])[] = []
      for await (const ids of store.readIds(DOCS)) pages.push(ids)
      expect(pages.map(({ length }) => length)).toEqual([70, 70, 70, 70, 20])
      expect(pages.flat().sort()).toEqual(RECORDS.map(({ id }) => id).sort())
    })
  })

  test('a proxy that gives the same page for ever is refused', async () => {
    const stuck: Alter = ({ offset }) => (offset ? { request: { offset: 0 } } : {})
    await through(stuck, async (store) => {
      await expect(readAll(store)).rejects.toMatchObject({
        code: 'STORE_REJECTED',
        message: expect.stringContaining('the same page'),
      })
    })
  })

  test.each(['documents', 'metadatas', 'embeddings'])(
    'records whose %s are not all there are refused',
    async (column) => {
      const none: Alter = () => ({ answer: (columns) => ({ ...columns, [column]: null }) })
      const short: Alter = () => ({
        answer: (columns) => ({ ...columns, [column]: (columns[column] as []).slice(0, 1) }),
      })
      for (const alter of [none, short]) {
        const whole: Alter = (request) => (request.ids === undefined ? {} : alter(request))
        await through(whole, async (store) => {
          const reading = store.getRecords(DOCS, [RECORDS[0]?.id ?? '', RECORDS[7]?.id ?? ''])
          await expect(reading).rejects.toMatchObject({
            code: 'STORE_REJECTED',
            outcome: 'unchanged',
            retryable: false,
          })
        })
      }
    },
  )

  test('an answer without URIs is one of records that have none', async () => {
    const alter: Alter = ({ ids }) =>
      ids === undefined ? {} : { answer: ({ uris, ...columns }) => columns }
    await through(alter, async (store) => expect(await readAll(store)).toEqual(RECORDS))
  })

  test('whoever stops early leaves no connection open', async () => {
    let pages = 0
    const slow: Alter = ({ ids }) => (ids !== undefined && pages++ > 0 ? 'trickle' : {})
    await through(slow, async (store, proxy) => {
      for await (const page of store.readRecords(DOCS, { batchRecordsMax: 10 })) {
        expect(page).toHaveLength(10)
        await expect.poll(() => proxy.waiting).toBeGreaterThan(0)
        await collectGarbage()
        break
      }
      await expect.poll(() => proxy.waiting).toBe(0)
    })
  })

  test.each([
    ['readRecords', 'trickle'],
    ['readRecords', 'silence'],
    ['readIds', 'trickle'],
    ['readIds', 'silence'],
  ] as const)(
    'an abort while %s waits for ids leaves no connection open (%s)',
    async (method, how) => {
      const slow: Alter = ({ ids, limit }) => (ids === undefined && limit ? how : {})
      await through(slow, async (store, proxy) => {
        const controller = new AbortController()
        const { signal } = controller
        const reading = store[method](DOCS, { signal })[Symbol.asyncIterator]().next()
        const reason = new Error('enough')
        const ended = expect(reading).rejects.toBe(reason)
        await expect.poll(() => proxy.waiting).toBe(1)
        await collectGarbage()
        controller.abort(reason)
        await ended
        await expect.poll(() => proxy.waiting).toBe(0)
      })
    },
  )

  test('an abort ends it with the reason', async () => {
    const store = new ChromaAdapter({ client })
    const controller = new AbortController()
    const reading = store.readRecords(DOCS, { signal: controller.signal, batchRecordsMax: 10 })
    const reason = new Error('enough')
    const read = async (): Promise<void> => {
      for await (const _ of reading) controller.abort(reason)
    }
    await expect(read()).rejects.toBe(reason)
  })
})

/** What Node forgets of a request that is under way, it forgets now. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What a turn of the event loop has looked at is kept until that turn is over.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    collect()
  }
}

/** Between client and server. Closes the connection when so many bytes of vectors have passed. */
async function cuttingProxy(bytesMax: number): Promise<Server> {
  const { hostname, port } = new URL(chromaUrl() ?? '')
  const proxy = createServer((client) => {
    const server = connect({ host: hostname, port: Number(port) })
    let bytes = 0
    client.pipe(server)
    server.on('data', (chunk) => {
      if (bytes > 0 || chunk.includes('"embeddings":[[')) bytes += chunk.length
      client.write(bytes > bytesMax ? chunk.subarray(0, chunk.length + bytesMax - bytes) : chunk)
      if (bytes > bytesMax) client.destroySoon()
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  return new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve(proxy)))
}
