import type { BackupRepository } from '../backup/backup-repository.ts'
import { type CollectionInfo, type CollectionSpec, refOf } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import type { VectorRecord } from '../model/record.ts'
import { specOf } from '../model/same-spec.ts'
import type { CallOptions, VectorStoreAdapter } from '../store/adapter.ts'
import {
  collectionResource,
  planOriginalName,
  planTargetName,
  targetResource,
} from './collection-name.ts'
import { compareRecords } from './compare-records.ts'
import { copyDifference, copyRecords } from './copy-records.ts'
import { countOf } from './count-of.ts'
import { createNoted, dropCreated } from './created-collection.ts'
import type { Operation, OperationContext } from './operation.ts'

export interface UndeleteInput {
  readonly store: VectorStoreAdapter
  /** The delete that is to be taken back. */
  readonly deletedBy: string
  /** The collection as it was. */
  readonly collection: CollectionInfo
  /** Where its records are, each in one of them. */
  readonly backupIds: readonly string[]
  /** Absent: as it was called. */
  readonly to?: string
}

export interface UndeletePlan {
  readonly deletedBy: string
  readonly backupIds: readonly string[]
  readonly to: CollectionSpec
  readonly recordCount: number
}

/** Brings a deleted collection back from the backup that its delete has taken. */
export const undeleteCollection: Operation<UndeleteInput, UndeletePlan> = {
  kind: 'collection:undelete',
  depth: 'manifest',
  builds: true,

  resources({ store, deletedBy, collection, to }) {
    const target =
      to === undefined ? collectionResource(collection.name) : targetResource(store, to)
    return [operationResource(deletedBy), target]
  },

  async plan({ store, backups, ...options }, { deletedBy, collection, backupIds, to }) {
    const target =
      to === undefined
        ? await planOriginalName(store, collection, options)
        : await planTargetName(store, collection, to, options)
    const recordCount = await countKept(backups, backupIds, deletedBy, options)
    return { deletedBy, backupIds, to: { ...specOf(collection), ...target }, recordCount }
  },

  summarize({ to, recordCount }) {
    return {
      reads: [`Reads ${countOf(recordCount, 'record')} from the backup.`],
      writes: [`Creates "${to.name}" and puts ${countOf(recordCount, 'record')} into it.`],
      destroys: [],
      checkpoint: { records: 0, bytesEstimate: 0 },
    }
  },

  scopes() {
    return []
  },

  async execute(context, { to, backupIds }) {
    const created = await createNoted(context, to)
    const records = recordsOf(context, backupIds, context)
    await copyRecords(context.store, records, refOf(created), context)
  },

  async *verify(context, { to, backupIds }) {
    const records = recordsOf(context, backupIds, context)
    yield* compareRecords(context.store, records, { name: to.name }, context)
  },

  async repair(context, { to, backupIds }) {
    const records = recordsOf(context, backupIds, context)
    await copyDifference(context.store, records, { name: to.name }, context)
  },

  async commit() {},

  async rollback(context, { to }) {
    await dropCreated(context, to)
  },

  result({ deletedBy, to, recordCount }) {
    return { undone: deletedBy, collection: to.name, recordCount }
  },

  changes({ to }) {
    return [{ type: 'collection:created', collection: { name: to.name } }]
  },
}

/** Held while a delete is taken back, so that its backup is not dropped meanwhile. */
export function operationResource(operationId: string): string {
  return `operation:${operationId}`
}

/** @throws UNDELETE_UNAVAILABLE */
export async function countKept(
  backups: BackupRepository,
  backupIds: readonly string[],
  deletedBy: string,
  options: CallOptions,
): Promise<number> {
  let recordCount = 0
  for (const backupId of backupIds) {
    const backup = await backups.get(backupId, options)
    if (backup === undefined) throw windowPassed(deletedBy)
    recordCount += backup.manifest.count
  }
  return recordCount
}

export async function* recordsOf(
  { backups }: OperationContext,
  backupIds: readonly string[],
  options: CallOptions,
): AsyncGenerator<readonly VectorRecord[]> {
  for (const backupId of backupIds) {
    for await (const { records } of backups.read(backupId, options)) {
      if (records.length > 0) yield records
    }
  }
}

function windowPassed(deletedBy: string): HoldfastError {
  return new HoldfastError(
    'UNDELETE_UNAVAILABLE',
    `The backup of ${deletedBy} is gone: its undo window (\`keepForMs\`) has passed. A longer ` +
      'window can be set per call or for the manager.',
    { outcome: 'unchanged', retryable: false, details: { operationId: deletedBy } },
  )
}
