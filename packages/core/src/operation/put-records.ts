import type { Checkpoint } from '../journal/journal.ts'
import { type CollectionInfo, type CollectionRef, refOf } from '../model/collection.ts'
import type { VectorRecord } from '../model/record.ts'
import { madeOf, sameRecord, vectorTolerance } from '../model/same-record.ts'
import { checkRecords } from '../store/check-records.ts'
import { readPart } from './checkpoint-part.ts'
import { collectionResource, getResolved, type NamedCollection } from './collection-name.ts'
import { compareBatch, DifferenceFinding } from './compare-records.ts'
import { countOf } from './count-of.ts'
import type { BuildContext, EndContext, Operation } from './operation.ts'

export interface PutInput {
  readonly collection: NamedCollection
  readonly records: readonly VectorRecord[]
}

export interface PutPlan {
  readonly collection: CollectionInfo
  readonly recordCount: number
}

/** Checkpoint parts: what was there before, and what is put, so that rollback knows its own. */
const BEFORE = 0
const GIVEN = 1

/** Inserts or replaces records: all of them or, after any failure, none. */
export const putRecords: Operation<PutInput, PutPlan> = {
  kind: 'records:put',
  depth: 'manifest',
  builds: true,

  resources({ collection }) {
    return [collectionResource(collection.name)]
  },

  async plan({ store, ...options }, input) {
    const collection = await getResolved(store, input.collection, options)
    await checkRecords(store, collection, input.records)
    return { collection, recordCount: input.records.length }
  },

  summarize({ collection, recordCount }) {
    return {
      reads: [
        `Reads what "${collection.name}" holds under ${countOf(recordCount, 'id')} into a backup.`,
      ],
      writes: [`Puts ${countOf(recordCount, 'record')} into "${collection.name}".`],
      destroys: [
        `Replaces what "${collection.name}" already holds under ${countOf(recordCount, 'id')}.`,
      ],
      checkpoint: {
        records: 2 * recordCount,
        bytesEstimate: 2 * recordCount * (collection.dimension ?? 0) * 4,
      },
    }
  },

  scopes({ collection }, { records }) {
    const ids = records.map((record) => record.id)
    return [
      { keep: 'ids', collection, ids },
      { keep: 'given', collection, records },
    ]
  },

  async execute({ store, ...options }, { collection }, _checkpoint, { records }) {
    await store.putRecords(refOf(collection), records, options)
  },

  async *verify(context, { collection }, checkpoint) {
    const missing = new DifferenceFinding('record:missing', 'missing from')
    const different = new DifferenceFinding('record:different', 'different in')
    for await (const batch of given(context, checkpoint)) {
      const found = await compareBatch(context.store, refOf(collection), batch, context)
      missing.add(found.missing)
      different.add(found.different)
      context.checked(batch.length)
    }
    yield* missing.findings(collection)
    yield* different.findings(collection)
  },

  async repair(context, { collection }, checkpoint) {
    for await (const batch of given(context, checkpoint)) {
      await context.store.putRecords(refOf(collection), batch, context)
    }
  },

  async commit() {},

  async rollback(context, { collection }, checkpoint) {
    if (checkpoint === undefined) return
    const { store } = context
    const ref = refOf(collection)
    if ((await store.getCollection(ref)) === undefined) return
    const before = new Map<string, VectorRecord>()
    for await (const batch of readPart(context, checkpoint, BEFORE)) {
      for (const record of batch.records) before.set(record.id, record)
    }
    const foreign = new DifferenceFinding('record:foreign', 'written by somebody else in')
    for await (const batch of given(context, checkpoint)) {
      const { ours, others, gone } = await recognize(context, ref, batch, before)
      foreign.add(others)
      const old = [...gone, ...ours.flatMap((record) => before.get(record.id) ?? [])]
      if (old.length > 0) await store.putRecords(ref, old)
      const added = ours.filter((record) => !before.has(record.id)).map((record) => record.id)
      if (added.length > 0) await store.deleteRecords(ref, added)
    }
    for (const finding of foreign.findings(collection, 'warning')) context.warn(finding)
  },

  result({ collection, recordCount }) {
    return { collection: collection.name, recordCount }
  },

  changes({ collection, recordCount }) {
    return [{ type: 'records:put', collection: refOf(collection), recordCount }]
  },
}

async function* given(
  context: BuildContext | EndContext,
  checkpoint: Checkpoint,
): AsyncGenerator<readonly VectorRecord[]> {
  for await (const batch of readPart(context, checkpoint, GIVEN)) yield batch.records
}

/** What has become of the records of a batch. */
interface Recognized {
  /** Still as we have put them. */
  readonly ours: readonly VectorRecord[]
  /** Written by somebody else since. */
  readonly others: readonly VectorRecord[]
  /**
   * As they were before, and no more there now. Some stores replace a record by deleting it first,
   * so this may be our doing; when it is not, bringing a record back is the smaller harm.
   */
  readonly gone: readonly VectorRecord[]
}

async function recognize(
  { store }: EndContext,
  ref: CollectionRef,
  given: readonly VectorRecord[],
  before: ReadonlyMap<string, VectorRecord>,
): Promise<Recognized> {
  const tolerance = vectorTolerance(store.traits.vectorFidelity)
  const wanted = new Map(given.map((record) => [record.id, record]))
  const found = await store.getRecords(ref, [...wanted.keys()])
  const ours: VectorRecord[] = []
  const others: VectorRecord[] = []
  for (const now of found) {
    const old = before.get(now.id)
    if (old !== undefined && sameRecord(now, old, tolerance)) continue
    const isOurs = madeOf(now, wanted.get(now.id) as VectorRecord, tolerance)
    if (isOurs) ours.push(now)
    else others.push(now)
  }
  const there = new Set(found.map((record) => record.id))
  const gone = given.flatMap(({ id }) => (there.has(id) ? [] : (before.get(id) ?? [])))
  return { ours, others, gone }
}
