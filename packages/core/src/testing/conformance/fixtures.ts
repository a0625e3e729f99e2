import assert from 'node:assert/strict'
import {
  type CollectionInfo,
  type CollectionRef,
  type CollectionSpec,
  type Metric,
  refOf,
} from '../../model/collection.ts'
import type { VectorRecord } from '../../model/record.ts'
import { sameRecord, VECTOR_TOLERANCE_NORMALIZED } from '../../model/same-record.ts'
import type { ReadOptions, StoreTraits, VectorStoreAdapter } from '../../store/adapter.ts'
import type { Scenario } from './define-suite.ts'
import { collect } from './expectations.ts'

export type AdapterScenario = Scenario<VectorStoreAdapter>

export const DIMENSION = 4

/** A collection that any store can hold, under its first metric unless told otherwise. */
export function specOf(
  store: VectorStoreAdapter,
  name: string,
  changes: Partial<CollectionSpec> = {},
): CollectionSpec {
  const metric = store.traits.metrics[0]
  assert.ok(metric !== undefined, 'traits.metrics is empty')
  return { name, metric, dimension: DIMENSION, ...changes }
}

/** Creates a collection, and fills it. */
export async function createFilled(
  store: VectorStoreAdapter,
  name: string,
  records: readonly VectorRecord[] = [],
  changes: Partial<CollectionSpec> = {},
): Promise<CollectionRef> {
  const ref = refOf(await store.createCollection(specOf(store, name, changes)))
  await putAll(store, ref, records)
  return ref
}

/** In batches that the store takes. */
export async function putAll(
  store: VectorStoreAdapter,
  ref: CollectionRef,
  records: readonly VectorRecord[],
): Promise<void> {
  const size = store.traits.batchRecordsMax
  for (let start = 0; start < records.length; start += size) {
    await store.putRecords(ref, records.slice(start, start + size))
  }
}

/** Unit vectors in different directions: no zeros for cosine, and each nearest to itself for dot. */
export function vectorAt(index: number, dimension: number = DIMENSION): Float32Array {
  const vector = new Float32Array(dimension)
  let squares = 0
  for (let i = 0; i < dimension; i++) {
    const component = Math.sin((index + 1) * (i + 1) * 0.7 + i)
    vector[i] = component
    squares += component * component
  }
  return vector.map((component) => component / Math.sqrt(squares))
}

/** Records `r0` … with metadata and text of their own. */
export function recordsOf(count: number, from = 0): VectorRecord[] {
  return Array.from({ length: count }, (_, offset) => {
    const index = from + offset
    return {
      id: `r${index}`,
      vector: vectorAt(index),
      metadata: { index, even: index % 2 === 0, label: `no. ${index}` },
      text: `text ${index}`,
    }
  })
}

/** The least that is needed where only ids and vectors matter. */
export function bareRecordsOf(count: number, from = 0): VectorRecord[] {
  return recordsOf(count, from).map(({ id, vector }) => ({ id, vector }))
}

/** How far a read vector may be from the written one, by the store's own word. */
export function toleranceOf(traits: StoreTraits, metric: Metric): number {
  return traits.vectorFidelity === 'normalized' && metric === 'cosine'
    ? VECTOR_TOLERANCE_NORMALIZED
    : 0
}

/** Every record by its id. Fails when one comes twice. */
export async function readAll(
  store: VectorStoreAdapter,
  ref: CollectionRef,
  options?: ReadOptions,
): Promise<Map<string, VectorRecord>> {
  const found = new Map<string, VectorRecord>()
  for (const record of (await collect(store.readRecords(ref, options))).flat()) {
    assert.ok(!found.has(record.id), `readRecords handed out record "${record.id}" twice`)
    found.set(record.id, record)
  }
  return found
}

/** The collection holds exactly these records, by every way of asking. */
export async function assertHolds(
  store: VectorStoreAdapter,
  ref: CollectionRef,
  expected: readonly VectorRecord[],
): Promise<void> {
  assert.equal(await store.countRecords(ref), expected.length, 'countRecords')
  const info = await getInfo(store, ref)
  if (info.count !== undefined) assert.equal(info.count, expected.length, 'the count in its info')
  assertSame(
    [...(await readAll(store, ref)).values()],
    expected,
    toleranceOf(store.traits, info.metric),
  )
}

/** The same records, in any order. */
export function assertSame(
  actual: readonly VectorRecord[],
  expected: readonly VectorRecord[],
  tolerance: number,
): void {
  const ids = (records: readonly VectorRecord[]): string[] => records.map(({ id }) => id).sort()
  assert.deepEqual(ids(actual), ids(expected), 'other records than expected')
  const byId = new Map(actual.map((record) => [record.id, record]))
  for (const record of expected) {
    const found = byId.get(record.id)
    assert.ok(
      found !== undefined && sameRecord(found, record, tolerance),
      `record ${show(record)} was read as ${found && show(found)}`,
    )
  }
}

export async function getInfo(
  store: VectorStoreAdapter,
  ref: CollectionRef,
): Promise<CollectionInfo> {
  const info = await store.getCollection(ref)
  assert.ok(info !== undefined, `collection "${ref.name}" is not there`)
  return info
}

/** A description without what a store may leave out in one place and know in another. */
export function withoutCount({ count: _, ...info }: CollectionInfo): CollectionInfo {
  return info
}

/** The names of all collections, sorted. */
export async function namesIn(store: VectorStoreAdapter): Promise<string[]> {
  return (await collect(store.listCollections())).map(({ name }) => name).sort()
}

function show(record: VectorRecord): string {
  const shown = JSON.stringify({ ...record, vector: [...record.vector.slice(0, 8)] })
  return shown.length > 400 ? `${shown.slice(0, 400)}…` : shown
}
