// Replaces whole records, with what Chroma has for it: an upsert merges. It keeps metadata that the
// new record doesn't have, and a text or URI that is left out; null removes a metadata value, but
// nothing removes a text or URI except deleting the record. So, for each group of records:
//
//   1. look at what is there;
//   2. delete those that lose their text or URI. Until the next step has succeeded, these records
//      are not there, so whoever calls this must be able to repeat it;
//   3. upsert, with an explicit null for every old metadata value that has to go;
//   4. read the metadata back and put right what is not as it was sent. On 1.4.4 a new record may
//      come up with lists of a record of another, dropped collection: dropping leaves rows of
//      `embedding_metadata_array` behind, and SQLite gives their row numbers out again.

import { type CallOptions, HoldfastError, type JsonValue, type VectorRecord } from '@holdfast/core'
import type { ChromaCollection, ChromaMetadata } from './chroma-client.ts'
import { UPSERT_COMPONENTS_MAX, UPSERT_TEXT_BYTES_MAX } from './limits.ts'
import { contentBytes } from './page-size.ts'
import { type ChromaCall, storeError } from './store-error.ts'
import { toChromaMetadata, URI_KEY, uriOf } from './to-record.ts'

export interface PutBounds extends CallOptions {
  /** Records that one call of the server takes. */
  readonly recordsMax: number
}

/** What there is of a record before it is replaced. */
interface Old {
  readonly keys: readonly string[]
  readonly hasText: boolean
  readonly hasUri: boolean
}

/**
 * The client drops null from metadata before it sends it, though the server takes it for "remove".
 * It lets NaN pass for a number, and JSON has no other word for that than null.
 */
export const REMOVE: number = Number.NaN

export async function putRecords(
  collection: ChromaCollection,
  records: readonly VectorRecord[],
  { recordsMax, signal }: PutBounds,
): Promise<void> {
  const put = new Put(collection)
  for (const group of groupsOf(records, recordsMax)) {
    signal?.throwIfAborted()
    await put.replace(group)
  }
}

/** Groups that neither the server nor the event loop of the host find too large. */
export function* groupsOf(
  records: readonly VectorRecord[],
  recordsMax: number,
): Generator<readonly VectorRecord[]> {
  let group: VectorRecord[] = []
  let components = 0
  let bytes = 0
  for (const record of records) {
    const recordBytes = contentBytes(record)
    const full =
      group.length >= recordsMax ||
      components + record.vector.length > UPSERT_COMPONENTS_MAX ||
      bytes + recordBytes > UPSERT_TEXT_BYTES_MAX
    if (full && group.length > 0) {
      yield group
      group = []
      components = 0
      bytes = 0
    }
    group.push(record)
    components += record.vector.length
    bytes += recordBytes
  }
  if (group.length > 0) yield group
}

/** One call of `putRecords`: remembers whether it has changed anything yet. */
class Put {
  readonly #collection: ChromaCollection
  #changed = false

  constructor(collection: ChromaCollection) {
    this.#collection = collection
  }

  async replace(records: readonly VectorRecord[]): Promise<void> {
    const old = await this.#look(records)
    const shrinking = records.filter((record) => losesField(record, old.get(record.id)))
    if (shrinking.length > 0) {
      const ids = idsOf(shrinking)
      await this.#effect('delete', () => this.#collection.delete({ ids }))
      for (const id of ids) old.delete(id)
    }
    // The client wants a text for each record or for none.
    for (const group of [
      records.filter(({ text }) => text !== undefined),
      records.filter(({ text }) => text === undefined),
    ]) {
      if (group.length > 0) await this.#upsert(group, old)
    }
    await this.#mend(records)
  }

  async #look(records: readonly VectorRecord[]): Promise<Map<string, Old>> {
    const result = await this.#read(() =>
      this.#collection.get({
        ids: idsOf(records),
        include: ['metadatas', 'documents', 'uris'],
      }),
    )
    return new Map(
      result.ids.map((id, index) => [
        id,
        {
          keys: Object.keys(result.metadatas[index] ?? {}),
          hasText: typeof result.documents[index] === 'string',
          hasUri: typeof result.uris[index] === 'string',
        },
      ]),
    )
  }

  async #upsert(records: readonly VectorRecord[], old: ReadonlyMap<string, Old>): Promise<void> {
    const metadatas = records.map((record) => {
      const sent = toChromaMetadata(record.metadata)
      const stale = (old.get(record.id)?.keys ?? []).filter(
        (key) => !Object.hasOwn(sent ?? {}, key),
      )
      return stale.length === 0 ? sent : { ...sent, ...removing(stale) }
    })
    const uris = records.map((record) => uriOf(record) ?? null)
    await this.#effect('upsert', () =>
      this.#collection.upsert({
        ids: idsOf(records),
        embeddings: records.map(({ vector }) => Array.from(vector)),
        // Null is what the server takes for none; the client's types don't say so.
        metadatas: metadatas as ChromaMetadata[],
        ...(records[0]?.text === undefined
          ? {}
          : { documents: records.map(({ text }) => text as string) }),
        ...(uris.some((uri) => uri !== null) ? { uris: uris as string[] } : {}),
      }),
    )
  }

  async #mend(records: readonly VectorRecord[]): Promise<void> {
    let wrong = await this.#wrongMetadata(records)
    if (wrong.size === 0) return
    await this.#effect('update', () =>
      this.#collection.update({ ids: [...wrong.keys()], metadatas: [...wrong.values()] }),
    )
    wrong = await this.#wrongMetadata(records.filter(({ id }) => wrong.has(id)))
    const [id] = wrong.keys()
    if (id === undefined) return
    throw new HoldfastError(
      'STORE_REJECTED',
      `Chroma does not keep the metadata of record ${JSON.stringify(id.slice(0, 100))} in the ` +
        `collection "${this.#collection.name}" as it was sent. Look for what differs, change it, ` +
        'and put the record again.',
      { outcome: 'unknown', retryable: false, details: { recordId: id } },
    )
  }

  /** By record: what to send so that its metadata is what it should be. */
  async #wrongMetadata(records: readonly VectorRecord[]): Promise<Map<string, ChromaMetadata>> {
    const result = await this.#read(() =>
      this.#collection.get({ ids: idsOf(records), include: ['metadatas'] }),
    )
    const found = new Map(
      result.ids.map((id, index) => [id, (result.metadatas[index] ?? {}) as ChromaMetadata]),
    )
    const wrong = new Map<string, ChromaMetadata>()
    for (const { id, metadata = {} } of records) {
      const there = found.get(id)
      // Somebody else has deleted it meanwhile.
      if (there === undefined) continue
      const change = removing(Object.keys(there).filter((key) => !Object.hasOwn(metadata, key)))
      for (const [key, value] of Object.entries(metadata)) {
        if (key !== URI_KEY && !sameValue(there[key], value)) change[key] = value
      }
      if (Object.keys(change).length > 0) wrong.set(id, change)
    }
    return wrong
  }

  async #read<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (error) {
      throw this.#error('get', 'read', error)
    }
  }

  async #effect(method: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
      this.#changed = true
    } catch (error) {
      throw this.#error(method, 'effect', error)
    }
  }

  /** A refusal says nothing about the groups and steps before it: those took effect. */
  #error(method: string, kind: ChromaCall['kind'], error: unknown): HoldfastError {
    const failure = storeError({ method, kind, collection: this.#collection.name }, error)
    return this.#changed ? failure.withOutcome('unknown') : failure
  }
}

function losesField(record: VectorRecord, old: Old | undefined): boolean {
  if (old === undefined) return false
  return (old.hasText && record.text === undefined) || (old.hasUri && uriOf(record) === undefined)
}

function removing(keys: readonly string[]): ChromaMetadata {
  return Object.fromEntries(keys.map((key) => [key, REMOVE]))
}

function idsOf(records: readonly VectorRecord[]): string[] {
  return records.map(({ id }) => id)
}

function sameValue(a: unknown, b: JsonValue): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b
  return a.length === b.length && a.every((item, index) => item === b[index])
}
