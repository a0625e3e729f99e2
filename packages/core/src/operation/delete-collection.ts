import type { Checkpoint, CheckpointPart } from '../journal/journal.ts'
import { type CollectionInfo, refOf } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import { IdDigest } from '../model/id-digest.ts'
import type { CallOptions } from '../store/adapter.ts'
import { checkBackup } from './check-backup.ts'
import { collectionResource, getResolved, type NamedCollection } from './collection-name.ts'
import { countOf } from './count-of.ts'
import type { EndContext, Operation, OperationContext } from './operation.ts'

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
  builds: false,

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
      reads: [`Reads the ${countOf(recordCount, 'record')} of "${collection.name}" into a backup.`],
      writes: [],
      destroys: [`Drops "${collection.name}" with its ${countOf(recordCount, 'record')}.`],
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

  /** The backup can be read to its last byte, and holds the very records that the store does. */
  async *verify(context, { collection }, checkpoint) {
    const part = onlyPart(checkpoint)
    await checkBackup(context, part, context)
    context.checked(part.manifest.count)
    // As late as possible: what comes after this look is not seen any more.
    const live = await liveIds(context, collection, context)
    const count = await context.store.countRecords(refOf(collection), context)
    // A store that hides records from whoever walks through it may still count them.
    if (live.digest() === part.idDigest && live.count === count) return
    yield {
      kind: 'collection:changed',
      severity: 'error',
      message:
        `"${collection.name}" has other records than its backup: ${live.count} were seen, the store ` +
        `counts ${count}, and the backup has ${part.manifest.count}.`,
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
    // A moment after `verify` a second look would see no more than the first one.
    if (context.isStale()) await keepNewRecords(context, collection, checkpoint)
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
    return { collection: collection.name, recordCount: keptCount(checkpoint) }
  },

  changes({ collection }, checkpoint) {
    const recordCount = keptCount(checkpoint)
    return [{ type: 'collection:dropped', collection: refOf(collection), recordCount }]
  },
}

/**
 * After a crash much time may have passed, and what others have added since must not be lost with
 * the collection. What is on record stays as it is: new records go into a part of their own.
 */
async function keepNewRecords(
  context: EndContext,
  collection: CollectionInfo,
  checkpoint: Checkpoint,
): Promise<void> {
  const live = await liveIds(context, collection, {})
  if (checkpoint.parts.length === 1 && live.digest() === onlyPart(checkpoint).idDigest) return
  // Only now, when they differ, are all ids held in memory.
  const kept = new Set<string>()
  for (const { backupId } of checkpoint.parts) {
    for await (const { records } of context.backups.read(backupId)) {
      for (const { id } of records) kept.add(id)
    }
  }
  const added: string[] = []
  for await (const ids of context.store.readIds(refOf(collection))) {
    for (const id of ids) if (!kept.has(id)) added.push(id)
  }
  if (added.length === 0) return
  await checkBackup(context, await context.keepMore(collection, added))
}

async function liveIds(
  { store }: OperationContext,
  collection: CollectionInfo,
  options: CallOptions,
): Promise<IdDigest> {
  const live = new IdDigest()
  for await (const ids of store.readIds(refOf(collection), options)) live.addAll(ids)
  return live
}

function keptCount(checkpoint: Checkpoint): number {
  return checkpoint.parts.reduce((sum, part) => sum + part.manifest.count, 0)
}

function onlyPart(checkpoint: Checkpoint): CheckpointPart {
  const [part] = checkpoint.parts
  if (part === undefined) throw new RangeError('a delete without a checkpoint')
  return part
}
