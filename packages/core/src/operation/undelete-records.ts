import type { Checkpoint } from '../journal/journal.ts'
import { type CollectionInfo, refOf } from '../model/collection.ts'
import type { Finding } from '../model/finding.ts'
import type { VectorRecord } from '../model/record.ts'
import { madeOf, vectorTolerance } from '../model/same-record.ts'
import { readPart } from './checkpoint-part.ts'
import { collectionResource, getResolved, type NamedCollection } from './collection-name.ts'
import { compareBatch, DifferenceFinding } from './compare-records.ts'
import { countOf } from './count-of.ts'
import type { BuildContext, EndContext, Operation } from './operation.ts'
import { countKept, operationResource, recordsOf } from './undelete-collection.ts'

export interface UndeleteRecordsInput {
  readonly deletedBy: string
  readonly collection: NamedCollection
  readonly backupIds: readonly string[]
  /** Ids of the records in the backup. */
  readonly ids: readonly string[]
}

export interface UndeleteRecordsPlan {
  readonly deletedBy: string
  readonly backupIds: readonly string[]
  readonly collection: CollectionInfo
  readonly recordCount: number
}

/** Brings deleted records back. What has been put under their ids since is newer, and stays. */
export const undeleteRecords: Operation<UndeleteRecordsInput, UndeleteRecordsPlan> = {
  kind: 'records:undelete',
  depth: 'manifest',
  builds: true,

  resources({ deletedBy, collection }) {
    return [operationResource(deletedBy), collectionResource(collection.name)]
  },

  async plan({ store, backups, ...options }, { deletedBy, collection: named, backupIds }) {
    const collection = await getResolved(store, named, options)
    const recordCount = await countKept(backups, backupIds, deletedBy, options)
    return { deletedBy, backupIds, collection, recordCount }
  },

  summarize({ collection, recordCount }) {
    return {
      reads: [`Reads ${countOf(recordCount, 'record')} from the backup.`],
      writes: [
        `Puts up to ${countOf(recordCount, 'record')} back into "${collection.name}"; what is there already stays.`,
      ],
      destroys: [],
      checkpoint: { records: 0, bytesEstimate: 0 },
    }
  },

  /** Which of the ids are there already: those are not ours. */
  scopes({ collection }, { ids }) {
    return [{ keep: 'ids', collection, ids }]
  },

  async execute(context, { collection, backupIds }, checkpoint) {
    const absent = await absentIds(context, checkpoint)
    for await (const batch of recordsOf(context, backupIds, context)) {
      const ours = batch.filter((record) => absent.has(record.id))
      if (ours.length > 0) await context.store.putRecords(refOf(collection), ours, context)
    }
  },

  async *verify(context, { collection, backupIds }, checkpoint) {
    const absent = await absentIds(context, checkpoint)
    const missing = new DifferenceFinding('record:missing', 'missing from')
    const different = new DifferenceFinding('record:different', 'different in')
    for await (const batch of recordsOf(context, backupIds, context)) {
      const ours = batch.filter((record) => absent.has(record.id))
      const found = await compareBatch(context.store, refOf(collection), ours, context)
      missing.add(found.missing)
      different.add(found.different)
      context.checked(ours.length)
    }
    yield* missing.findings(collection)
    yield* different.findings(collection)
    yield* keptFindings(context, checkpoint, collection)
  },

  async commit() {},

  async rollback(context, { collection, backupIds }, checkpoint) {
    if (checkpoint === undefined) return
    const { store } = context
    const ref = refOf(collection)
    if ((await store.getCollection(ref)) === undefined) return
    const absent = await absentIds(context, checkpoint)
    const tolerance = vectorTolerance(store.traits.vectorFidelity)
    for await (const batch of recordsOf(context, backupIds, {})) {
      const put = new Map<string, VectorRecord>()
      for (const record of batch) if (absent.has(record.id)) put.set(record.id, record)
      const now = await store.getRecords(ref, [...put.keys()])
      const ours = now.filter((record) =>
        madeOf(record, put.get(record.id) as VectorRecord, tolerance),
      )
      if (ours.length > 0) {
        await store.deleteRecords(
          ref,
          ours.map((record) => record.id),
        )
      }
    }
  },

  result({ deletedBy, collection, recordCount }, checkpoint) {
    const keptCount = checkpoint.parts[0]?.manifest.count ?? 0
    return {
      undone: deletedBy,
      collection: collection.name,
      recordCount: recordCount - keptCount,
      keptCount,
    }
  },

  changes({ collection, recordCount }, checkpoint) {
    const count = recordCount - (checkpoint.parts[0]?.manifest.count ?? 0)
    return [{ type: 'records:put', collection: refOf(collection), recordCount: count }]
  },
}

async function absentIds(
  context: BuildContext | EndContext,
  checkpoint: Checkpoint,
): Promise<ReadonlySet<string>> {
  const absent = new Set<string>()
  for await (const batch of readPart(context, checkpoint, 0)) {
    for (const id of batch.absentIds ?? []) absent.add(id)
  }
  return absent
}

async function* keptFindings(
  context: BuildContext,
  checkpoint: Checkpoint,
  collection: CollectionInfo,
): AsyncGenerator<Finding> {
  const kept = new DifferenceFinding('record:present', 'present again, and kept as they are, in')
  for await (const { records } of readPart(context, checkpoint, 0, context)) kept.add(records)
  yield* kept.findings(collection, 'warning')
}
