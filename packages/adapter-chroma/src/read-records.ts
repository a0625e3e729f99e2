// Reads a collection by its ids: pages of ids alone are cheap and keep the order of Chroma's rows,
// and records are then fetched by id, several pages at a time, in pages small enough to be decoded
// without holding up the host. By position, pages would be of unknown weight.

import { type CallOptions, HoldfastError, type VectorRecord } from '@holdfast/core'
import type { ChromaCollection, ChromaGetResult } from './chroma-client.ts'
import { ID_PAGE_MAX, PAGES_AHEAD } from './limits.ts'
import type { PageSize } from './page-size.ts'
import { storeError } from './store-error.ts'
import { type Database, type GetRequest, streamGet } from './stream-get.ts'
import { toRecords, WHOLE_RECORD } from './to-record.ts'

/** A page that was asked for ahead of time. It never rejects, as nobody may come to fetch it. */
type Attempt<Item> =
  | { readonly ok: true; readonly items: readonly Item[] }
  | { readonly ok: false; readonly error: unknown }

export interface ReadBounds extends CallOptions {
  readonly database: Database
  readonly size: PageSize
  /** Records that one page may have, however small they are. */
  readonly recordsMax: number
  /** Ids that one page of the walk may have. Not looked at when ids are given. */
  readonly idsMax: number
}

/** Every record once while nobody writes. */
export async function* readRecords(
  collection: ChromaCollection,
  bounds: ReadBounds,
): AsyncGenerator<readonly VectorRecord[]> {
  const end = new AbortController()
  const signal = joined(bounds.signal, end.signal)
  const ahead: Promise<Attempt<VectorRecord>>[] = []
  try {
    for await (const ids of idGroups(collection, { ...bounds, signal })) {
      ahead.push(attempt(() => fetchRecords(collection, ids, { ...bounds, signal })))
      if (ahead.length > PAGES_AHEAD) yield* nextOf(ahead, signal)
    }
    while (ahead.length > 0) yield* nextOf(ahead, signal)
  } finally {
    // Whoever stops early needs no pages that are still on their way.
    end.abort()
  }
}

async function* nextOf(
  ahead: Promise<Attempt<VectorRecord>>[],
  signal: AbortSignal,
): AsyncGenerator<readonly VectorRecord[]> {
  const page = await ahead.shift()
  if (page === undefined) return
  const records = itemsOf(page, signal)
  if (records.length > 0) yield records
}

/** Those that exist, page by page. */
export async function getRecords(
  collection: ChromaCollection,
  ids: readonly string[],
  bounds: ReadBounds,
): Promise<readonly VectorRecord[]> {
  const found: VectorRecord[] = []
  for (let start = 0; start < ids.length; ) {
    const group = ids.slice(start, start + recordsOf(bounds))
    start += group.length
    for (const record of await fetchRecords(collection, group, bounds)) found.push(record)
  }
  return found
}

/** All ids, in groups of the size that pages of records should have by now. */
async function* idGroups(
  collection: ChromaCollection,
  bounds: ReadBounds,
): AsyncGenerator<readonly string[]> {
  for await (const ids of readIds(collection, bounds)) {
    for (let start = 0; start < ids.length; ) {
      const group = ids.slice(start, start + recordsOf(bounds))
      start += group.length
      yield group
    }
  }
}

/**
 * All ids by position, so that a record that somebody deletes meanwhile can hide another one. Who
 * must not miss any reads them again and compares. Only an empty page is the last one: a proxy may
 * let through fewer ids than were asked for.
 */
export async function* readIds(
  collection: ChromaCollection,
  bounds: Pick<ReadBounds, 'database' | 'idsMax' | 'signal'>,
): AsyncGenerator<readonly string[]> {
  const { database } = bounds
  const limit = Math.min(bounds.idsMax, ID_PAGE_MAX)
  const end = new AbortController()
  const signal = joined(bounds.signal, end.signal)
  const fetchFrom = (offset: number): Promise<Attempt<string>> =>
    attempt(() => {
      const page = { include: [], limit, offset }
      return ask(collection, page, { database, signal }, ({ ids }) => [...ids])
    })
  try {
    let next = fetchFrom(0)
    let firstId: string | undefined
    for (let offset = 0; ; ) {
      const ids = itemsOf(await next, signal)
      if (ids.length === 0) return
      if (ids[0] === firstId) throw samePage(collection.name)
      firstId = ids[0]
      offset += ids.length
      // Whoever works on these ids should not have to wait for the next ones.
      next = fetchFrom(offset)
      yield ids
    }
  } finally {
    end.abort()
  }
}

async function fetchRecords(
  collection: ChromaCollection,
  ids: readonly string[],
  { database, size, signal }: ReadBounds,
): Promise<readonly VectorRecord[]> {
  const body = { ids, include: WHOLE_RECORD }
  const options = { database, ...(signal && { signal }) }
  return ask(collection, body, options, (result, isStreamed) => {
    const records = toRecords(result, collection.name)
    size.learn(records, isStreamed)
    return records
  })
}

async function ask<Item>(
  collection: ChromaCollection,
  body: GetRequest,
  { database, ...options }: CallOptions & Pick<ReadBounds, 'database'>,
  itemsIn: (result: ChromaGetResult, isStreamed: boolean) => readonly Item[],
): Promise<readonly Item[]> {
  const { signal } = options
  signal?.throwIfAborted()
  try {
    const streamed = await streamGet(collection, database, body, options)
    signal?.throwIfAborted()
    if (streamed !== undefined) return itemsIn(streamed, true)
    const { ids, include, ...page } = body
    const args = { ...page, include: [...include], ...(ids && { ids: [...ids] }) }
    return itemsIn(await collection.get(args), false)
  } catch (error) {
    signal?.throwIfAborted()
    throw storeError({ method: 'get', kind: 'read', collection: collection.name }, error)
  }
}

/** Or else the walk would never end. */
function samePage(collection: string): HoldfastError {
  return new HoldfastError(
    'STORE_REJECTED',
    `Chroma gives the same page of "${collection}" again and again. Look whether a proxy between ` +
      'it and this program removes `offset` from requests.',
    { outcome: 'unchanged', retryable: false, details: { collection } },
  )
}

function joined(given: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return given === undefined ? own : AbortSignal.any([given, own])
}

function recordsOf({ size, recordsMax }: ReadBounds): number {
  return Math.min(size.records, recordsMax)
}

async function attempt<Item>(run: () => Promise<readonly Item[]>): Promise<Attempt<Item>> {
  try {
    return { ok: true, items: await run() }
  } catch (error) {
    return { ok: false, error }
  }
}

function itemsOf<Item>(page: Attempt<Item>, signal: AbortSignal | undefined): readonly Item[] {
  signal?.throwIfAborted()
  if (!page.ok) throw page.error
  return page.items
}
