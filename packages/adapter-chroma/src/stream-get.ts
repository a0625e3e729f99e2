import type { CallOptions } from '@holdfast/core'
import { nextTurn } from '@holdfast/core/durable'
import type { ChromaCollection, ChromaGetResult, ChromaInclude } from './chroma-client.ts'
import { GetDecoder } from './get-decoder.ts'
import { BYTES_PER_TURN } from './limits.ts'
import { UnusualAnswerError } from './vectors-reader.ts'

/** Where a collection is. */
export interface Database {
  readonly tenant: string
  readonly database: string
}

/**
 * What the `chromadb` package has below its collection objects: a client of `@hey-api/client-fetch`,
 * which knows the server, the headers and the errors. It is no part of the package's own interface.
 */
interface HttpClient {
  post(options: {
    readonly url: string
    readonly path: Readonly<Record<string, string>>
    readonly body: object
    readonly headers: Readonly<Record<string, string>>
    readonly security: readonly object[]
    readonly parseAs: 'stream'
    readonly signal?: AbortSignal
  }): Promise<{ readonly data?: unknown }>
}

/** Records by their ids, or a page of the collection. */
export interface GetRequest {
  readonly ids?: readonly string[]
  readonly limit?: number
  readonly offset?: number
  readonly include: readonly ChromaInclude[]
}

type Columns = Partial<Readonly<Record<'ids' | 'documents' | 'metadatas' | 'uris', unknown>>>

/**
 * Does what `collection.get` does, but decodes the answer while it arrives (see `GetDecoder`), and
 * lets go of the connection on abort. Resolves to `undefined` when that can't be done, since the
 * client is another one than we know or the answer is unusual: then `collection.get` is to be asked,
 * which costs no more than time.
 */
export async function streamGet(
  collection: ChromaCollection,
  { tenant, database }: Database,
  body: GetRequest,
  { signal }: CallOptions,
): Promise<ChromaGetResult | undefined> {
  const client = httpClientOf(collection)
  if (client === undefined) return undefined
  const { data } = await client.post({
    url: '/api/v2/tenants/{tenant}/databases/{database}/collections/{collection_id}/get',
    path: { tenant, database, collection_id: collection.id },
    body,
    headers: { 'Content-Type': 'application/json' },
    security: [{ name: 'x-chroma-token', type: 'apiKey' }],
    parseAs: 'stream',
    ...(signal === undefined ? {} : { signal }),
  })
  if (!isStream(data)) return undefined
  const decoder = new GetDecoder()
  try {
    let bytes = 0
    for await (const chunk of chunksOf(data, signal)) {
      decoder.push(chunk)
      bytes += chunk.length
      if (bytes < BYTES_PER_TURN) continue
      // What has arrived already does not let the event loop go round.
      await nextTurn()
      bytes = 0
    }
  } catch (error) {
    if (error instanceof UnusualAnswerError) return undefined
    throw error
  }
  await nextTurn()
  const { ids, documents, metadatas, uris } = (decoder.columns() ?? {}) as Columns
  await nextTurn()
  const vectors = decoder.vectors()
  await nextTurn()
  if (!isList(ids) || !ids.every((id) => typeof id === 'string')) return undefined
  const result = {
    ids,
    embeddings: vectors,
    documents: columnOf<string | null>(documents),
    metadatas: columnOf<object | null>(metadatas),
    uris: columnOf<string | null>(uris),
  }
  const isWhole = body.include.every(
    (column) =>
      column === 'distances' ||
      result[column].length === ids.length ||
      (column === 'uris' && !isList(uris)),
  )
  return isWhole ? result : undefined
}

function httpClientOf(collection: object): HttpClient | undefined {
  const { apiClient } = collection as { readonly apiClient?: Partial<HttpClient> }
  return typeof apiClient?.post === 'function' ? (apiClient as HttpClient) : undefined
}

function isStream(data: unknown): data is ReadableStream<Uint8Array> {
  return typeof data === 'object' && data !== null && 'getReader' in data
}

/**
 * Lets go of the connection on abort, and when whoever reads stops. The signal of the request is not
 * enough: Node 20 forgets it once its garbage collector has taken the `Request`, which nobody holds
 * any more when the answer has begun.
 */
async function* chunksOf(
  data: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = data.getReader()
  // Rejects where the connection broke off, which the reading itself tells.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    signal?.throwIfAborted()
    for (;;) {
      const { done, value } = await reader.read()
      signal?.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', cancel)
    cancel()
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function columnOf<Item>(column: unknown): readonly Item[] {
  return isList(column) ? (column as readonly Item[]) : []
}
