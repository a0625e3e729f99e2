// Reads a collection by its ids: pages of ids alone are cheap and keep the order of Chroma's rows,
// and records are then fetched by id in pages small enough to be parsed without holding up the host.
// Asking for records by position instead would make pages of equal cost but unknown weight.
//
// Measured on a loaded machine of two cores, 50,000 records of 384 components with text, in all and
// longest block of the event loop: see the numbers in the README of this package.

import type { CallOptions, VectorRecord } from '@holdfast/core'
import type { ChromaCollection } from './chroma-client.ts'
import { ID_PAGE_MAX, PAGES_AHEAD } from './limits.ts'
import type { PageSize } from './page-size.ts'
import { storeError } from './store-error.ts'
import { type Database, streamGet } from './stream-get.ts'
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
  const { signal } = bounds
  const ahead: Promise<Attempt<VectorRecord>>[] = []
  for await (const ids of idGroups(collection, bounds)) {
    ahead.push(attempt(() => fetchRecords(collection, ids, bounds)))
    if (ahead.length > PAGES_AHEAD) yield* nextOf(ahead, signal)
  }
  while (ahead.length > 0) yield* nextOf(ahead, signal)
}

async function* nextOf(
  ahead: Promise<Attempt<VectorRecord>>[],
  signal: AbortSignal | undefined,
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
 * must not miss any reads them again and compares.
 */
export async function* readIds(
  collection: ChromaCollection,
  { idsMax, signal }: Pick<ReadBounds, 'idsMax' | 'signal'>,
): AsyncGenerator<readonly string[]> {
  const limit = Math.min(idsMax, ID_PAGE_MAX)
  const fetchFrom = (offset: number): Promise<Attempt<string>> =>
    attempt(() => fetchIds(collection, offset, limit))
  signal?.throwIfAborted()
  let next = fetchFrom(0)
  for (let offset = limit; ; offset += limit) {
    const ids = itemsOf(await next, signal)
    const isLast = ids.length < limit
    // Whoever works on these ids should not have to wait for the next ones.
    if (!isLast) next = fetchFrom(offset)
    yield ids
    if (isLast) return
  }
}

async function fetchIds(
  collection: ChromaCollection,
  offset: number,
  limit: number,
): Promise<readonly string[]> {
  try {
    return (await collection.get({ include: [], limit, offset })).ids
  } catch (error) {
    throw storeError({ method: 'get', kind: 'read', collection: collection.name }, error)
  }
}

async function fetchRecords(
  collection: ChromaCollection,
  ids: readonly string[],
  { database, size, signal }: ReadBounds,
): Promise<readonly VectorRecord[]> {
  signal?.throwIfAborted()
  try {
    const body = { ids, include: WHOLE_RECORD }
    const streamed = await streamGet(collection, database, body, { ...(signal && { signal }) })
    const result = streamed ?? (await collection.get({ ids: [...ids], include: [...WHOLE_RECORD] }))
    const records = toRecords(result, collection.name)
    size.learn(records, streamed !== undefined)
    return records
  } catch (error) {
    signal?.throwIfAborted()
    throw storeError({ method: 'get', kind: 'read', collection: collection.name }, error)
  }
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
