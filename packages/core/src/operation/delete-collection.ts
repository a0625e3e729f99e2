import type { Checkpoint, CheckpointPart } from '../journal/journal.ts'
import { type CollectionInfo, refOf } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import { checkBackup } from './check-backup.ts'
import { collectionResource, getResolved, type NamedCollection } from './collection-name.ts'
import type { Operation } from './operation.ts'

export interface DeleteInput {
  readonly collection: NamedCollection
}

export interface DeletePlan {
  readonly collection: CollectionInfo
  readonly recordCount: number
}

/**
 * Drops a collection after all of its records are safe in a backup. Nothing is destroyed above the
 * line: a drop that is late, repeated or lost can't contradict what the caller was told.
 */
export const deleteCollection: Operation<DeleteInput, DeletePlan> = {
  kind: 'collection:delete',
  depth: 'manifest',

  resources({ collection }) {
    return [collectionResource(collection.name)]
  },

  async plan({ store, ...options }, input) {
    const collection = await getResolved(store, input.collection, options)
    const recordCount = await store.countRecords(refOf(collection), options)
    return { collection, recordCount }
  },

  summarize({ collection, recordCount }) {
    return {
      reads: [`Reads all ${recordCount} records of "${collection.name}" into a backup.`],
      writes: [],
      destroys: [`Drops "${collection.name}" with its ${recordCount} records.`],
      checkpoint: {
        records: recordCount,
        bytesEstimate: recordCount * (collection.dimension ?? 0) * 4,
      },
    }
  },

  scopes({ collection }) {
    return [{ keep: 'records', collection }]
  },

  async execute() {},

  /** The backup can be read to its last byte, and holds as many records as the collection does. */
  async *verify(context, { collection }, checkpoint) {
    const { manifest } = onlyPart(checkpoint)
    await checkBackup(context, onlyPart(checkpoint))
    context.checked(manifest.count)
    const live = await context.store.countRecords(refOf(collection), context)
    if (live === manifest.count) return
    yield {
      kind: 'collection:changed',
      severity: 'error',
      message: `"${collection.name}" has ${live} records, its backup has ${manifest.count}.`,
      collection: collection.name,
    }
  },

  /** Somebody wrote meanwhile: take the backup again. */
  async repair(context) {
    await context.retake(0)
  },

  async commit(context, { collection }, checkpoint) {
    const { store } = context
    const ref = refOf(collection)
    if ((await store.getCollection(ref)) === undefined) return
    // After a crash much time may have passed: what was written since must not be lost either.
    if ((await store.countRecords(ref)) !== onlyPart(checkpoint).manifest.count) {
      await context.retake(0)
    }
    await store.dropCollection(ref)
    if ((await store.getCollection(ref)) === undefined) return
    throw new HoldfastError(
      'STORE_REJECTED',
      `The store says that it has dropped "${collection.name}", but still has it.`,
      { outcome: 'committed', retryable: false, details: { collection: collection.name } },
    )
  },

  async rollback() {},

  result({ collection }, checkpoint) {
    return { collection: collection.name, recordCount: onlyPart(checkpoint).manifest.count }
  },

  changes({ collection }, checkpoint) {
    const recordCount = onlyPart(checkpoint).manifest.count
    return [{ type: 'collection:dropped', collection: refOf(collection), recordCount }]
  },
}

function onlyPart(checkpoint: Checkpoint): CheckpointPart {
  const [part] = checkpoint.parts
  if (part === undefined) throw new RangeError('a delete without a checkpoint')
  return part
}
