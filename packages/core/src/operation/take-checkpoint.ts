import type { BackupBatch } from '../backup/backup-repository.ts'
import type { Checkpoint, CheckpointPart } from '../journal/journal.ts'
import { refOf } from '../model/collection.ts'
import { IdDigest } from '../model/id-digest.ts'
import { CHECKPOINT_BATCH_RECORDS } from '../model/limits.ts'
import type { VectorRecord } from '../model/record.ts'
import type { CallOptions } from '../store/adapter.ts'
import type { Engine } from './engine.ts'
import type { CheckpointScope } from './operation.ts'

/** Keeps what an operation may have to bring back. Durable when it resolves. Memory: one batch. */
export async function takeCheckpoint(
  engine: Engine,
  operationId: string,
  scopes: readonly CheckpointScope[],
  options: CallOptions,
): Promise<Checkpoint> {
  const parts: CheckpointPart[] = []
  for (const [index, scope] of scopes.entries()) {
    parts.push(await takePart(engine, `${operationId}.${index}`, scope, options))
  }
  return { parts }
}

/** Takes all records of one part again, under the same backup id. */
export async function retakePart(
  engine: Engine,
  checkpoint: Checkpoint,
  index: number,
  options: CallOptions,
): Promise<Checkpoint> {
  const part = checkpoint.parts[index]
  if (part === undefined) throw new RangeError(`no checkpoint part ${index}`)
  const scope = { keep: 'records', collection: part.collection } as const
  const again = await takePart(engine, part.backupId, scope, options)
  return { parts: checkpoint.parts.map((old, at) => (at === index ? again : old)) }
}

/** Keeps the records of these ids in a further part. */
export async function addPart(
  engine: Engine,
  operationId: string,
  checkpoint: Checkpoint,
  scope: CheckpointScope,
): Promise<Checkpoint> {
  const added = await takePart(engine, `${operationId}.${checkpoint.parts.length}`, scope, {})
  return { parts: [...checkpoint.parts, added] }
}

async function takePart(
  engine: Engine,
  backupId: string,
  scope: CheckpointScope,
  options: CallOptions,
): Promise<CheckpointPart> {
  const { collection } = scope
  const ids = new IdDigest()
  const batches = addingUp(batchesOf(engine, scope, options), ids)
  const { manifest } = await engine.backups.write({ id: backupId, collection, batches }, options)
  return { collection, manifest, idDigest: ids.digest(), backupId }
}

async function* addingUp(
  batches: AsyncIterable<BackupBatch>,
  ids: IdDigest,
): AsyncGenerator<BackupBatch> {
  for await (const batch of batches) {
    ids.addAll(batch.records.map(({ id }) => id))
    yield batch
  }
}

async function* batchesOf(
  engine: Engine,
  scope: CheckpointScope,
  options: CallOptions,
): AsyncGenerator<BackupBatch> {
  const ref = refOf(scope.collection)
  switch (scope.keep) {
    case 'records':
      for await (const records of engine.store.readRecords(ref, options)) yield { records }
      return
    case 'ids':
      for (const ids of inBatches(scope.ids)) {
        const records = await engine.store.getRecords(ref, ids, options)
        const found = new Set(records.map((record) => record.id))
        yield { records, absentIds: ids.filter((id) => !found.has(id)) }
      }
      return
    case 'given':
      for (const records of inBatches<VectorRecord>(scope.records)) yield { records }
  }
}

function* inBatches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += CHECKPOINT_BATCH_RECORDS) {
    yield items.slice(start, start + CHECKPOINT_BATCH_RECORDS)
  }
}
