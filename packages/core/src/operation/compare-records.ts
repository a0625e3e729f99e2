import { type CollectionRef, refOf } from '../model/collection.ts'
import { FINDING_IDS_MAX, type Finding } from '../model/finding.ts'
import type { VectorRecord } from '../model/record.ts'
import { sameRecord, vectorTolerance } from '../model/same-record.ts'
import type { CallOptions, VectorStoreAdapter } from '../store/adapter.ts'

/** What a batch of wanted records looks like in the collection that should hold it. */
export interface BatchDifference {
  readonly missing: readonly VectorRecord[]
  readonly different: readonly VectorRecord[]
}

/** Compares records with those of the same ids in `collection`, within the store's tolerance. */
export async function compareBatch(
  store: VectorStoreAdapter,
  collection: CollectionRef,
  wanted: readonly VectorRecord[],
  options: CallOptions,
): Promise<BatchDifference> {
  const tolerance = vectorTolerance(store.traits.vectorFidelity)
  const ids = wanted.map((record) => record.id)
  const found = new Map<string, VectorRecord>()
  for (const record of await store.getRecords(collection, ids, options)) {
    found.set(record.id, record)
  }
  const missing: VectorRecord[] = []
  const different: VectorRecord[] = []
  for (const record of wanted) {
    const there = found.get(record.id)
    if (there === undefined) missing.push(record)
    else if (!sameRecord(record, there, tolerance)) different.push(record)
  }
  return { missing, different }
}

/**
 * Compares whole collections, or a backup with a collection: every wanted record must be there and
 * the same, and there must be no more than those. Memory: one batch, and the ids of the finding.
 */
export async function* compareRecords(
  store: VectorStoreAdapter,
  wanted: AsyncIterable<readonly VectorRecord[]>,
  collection: CollectionRef,
  options: CallOptions & { readonly checked: (recordCount: number) => void },
): AsyncGenerator<Finding> {
  const missing = new DifferenceFinding('record:missing', 'missing from')
  const different = new DifferenceFinding('record:different', 'different in')
  let wantedCount = 0
  for await (const batch of wanted) {
    const difference = await compareBatch(store, collection, batch, options)
    missing.add(difference.missing)
    different.add(difference.different)
    wantedCount += batch.length
    options.checked(batch.length)
  }
  yield* missing.findings(collection)
  yield* different.findings(collection)
  const count = await store.countRecords(refOf(collection), options)
  const surplus = count - (wantedCount - missing.recordCount)
  if (surplus === 0) return
  yield {
    kind: 'record:unexpected',
    severity: 'error',
    message: `"${collection.name}" has ${count} records, ${wantedCount} were expected.`,
    collection: collection.name,
    recordCount: Math.abs(surplus),
  }
}

/** Collects what is the matter with records into one finding. */
export class DifferenceFinding {
  recordCount = 0
  readonly #kind: string
  readonly #words: string
  readonly #ids: string[] = []

  constructor(kind: string, words: string) {
    this.#kind = kind
    this.#words = words
  }

  add(records: readonly VectorRecord[]): void {
    this.recordCount += records.length
    for (const record of records) {
      if (this.#ids.length < FINDING_IDS_MAX) this.#ids.push(record.id)
    }
  }

  *findings(
    collection: CollectionRef,
    severity: Finding['severity'] = 'error',
  ): Generator<Finding> {
    if (this.recordCount === 0) return
    yield {
      kind: this.#kind,
      severity,
      message: `${this.recordCount} records are ${this.#words} "${collection.name}".`,
      collection: collection.name,
      recordIds: this.#ids,
      recordCount: this.recordCount,
    }
  }
}
