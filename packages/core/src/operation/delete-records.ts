import { type CollectionInfo, refOf } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import { checkIds } from '../store/check-ids.ts'
import { readPart } from './checkpoint-part.ts'
import { collectionResource, getResolved, type NamedCollection } from './collection-name.ts'
import { compareBatch, DifferenceFinding } from './compare-records.ts'
import { countOf } from './count-of.ts'
import type { Operation } from './operation.ts'

export interface DeleteRecordsInput {
  readonly collection: NamedCollection
  readonly ids: readonly string[]
}

export interface DeleteRecordsPlan {
  readonly collection: CollectionInfo
  /** Ids that were asked for; some of them may not exist. */
  readonly idCount: number
}

const KEPT = 'record:kept'

/** Deletes records after they are safe in a backup: all of them or, after any failure, none. */
export const deleteRecords: Operation<DeleteRecordsInput, DeleteRecordsPlan> = {
  kind: 'records:delete',
  depth: 'manifest',
  builds: false,

  resources({ collection }) {
    return [collectionResource(collection.name)]
  },

  async plan({ store, ...options }, input) {
    const collection = await getResolved(store, input.collection, options)
    checkIds(store.traits, input.ids)
    return { collection, idCount: input.ids.length }
  },

  summarize({ collection, idCount }) {
    return {
      reads: [
        `Reads what "${collection.name}" holds under ${countOf(idCount, 'id')} into a backup.`,
      ],
      writes: [],
      destroys: [`Deletes what "${collection.name}" holds under ${countOf(idCount, 'id')}.`],
      checkpoint: { records: idCount, bytesEstimate: idCount * (collection.dimension ?? 0) * 4 },
    }
  },

  scopes({ collection }, { ids }) {
    return [{ keep: 'ids', collection, ids }]
  },

  async execute() {},

  /** The backup can be read, and the store still holds what is in it. */
  async *verify(context, { collection }, checkpoint) {
    const different = new DifferenceFinding('record:changed', 'changed since their backup in')
    for await (const { records } of readPart(context, checkpoint, 0, context)) {
      const found = await compareBatch(context.store, refOf(collection), records, context)
      different.add(found.different)
      context.checked(records.length)
    }
    yield* different.findings(collection)
  },

  async commit(context, { collection }, checkpoint) {
    const { store } = context
    const ref = refOf(collection)
    if ((await store.getCollection(ref)) === undefined) return
    for await (const { records } of readPart(context, checkpoint, 0)) {
      const { different } = await compareBatch(store, ref, records, {})
      // Changed after the line, by somebody else: that is not what was asked to be deleted.
      const changed = new Set(different.map((record) => record.id))
      const ids = records.map((record) => record.id).filter((id) => !changed.has(id))
      if (ids.length > 0) await store.deleteRecords(ref, ids)
      const left = await store.getRecords(ref, ids)
      if (left.length > 0) throw notDeleted(collection, left.length)
      const finding = new DifferenceFinding(KEPT, 'newer than their backup, and kept, in')
      finding.add(different)
      for (const found of finding.findings(collection, 'warning')) context.warn(found)
    }
  },

  async rollback() {},

  result({ collection, idCount }, checkpoint, warnings) {
    const foundCount = checkpoint.parts[0]?.manifest.count ?? 0
    const recordCount = foundCount - keptCount(warnings)
    return { collection: collection.name, recordCount, absentCount: idCount - foundCount }
  },

  changes({ collection }, checkpoint, warnings) {
    const recordCount = (checkpoint.parts[0]?.manifest.count ?? 0) - keptCount(warnings)
    return [{ type: 'records:deleted', collection: refOf(collection), recordCount }]
  },
}

/** Records that were changed after the line, and so were not deleted. */
function keptCount(warnings: readonly Finding[]): number {
  let count = 0
  for (const { kind, recordCount = 0 } of warnings) if (kind === KEPT) count += recordCount
  return count
}

function notDeleted({ name }: CollectionInfo, count: number): HoldfastError {
  return new HoldfastError(
    'STORE_REJECTED',
    `The store says that it has deleted ${count} records from "${name}", but still has them.`,
    { outcome: 'committed', retryable: false, details: { collection: name, count } },
  )
}
