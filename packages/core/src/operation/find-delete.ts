import type { Journal } from '../journal/journal.ts'
import type { CollectionInfo } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import { deleteCollection } from './delete-collection.ts'
import { deleteRecords } from './delete-records.ts'

/** A delete that can be taken back. */
export interface Deleted {
  readonly kind: string
  readonly collection: CollectionInfo
  readonly backupIds: readonly string[]
}

/**
 * The delete of that id, with where its records are.
 * @throws OPERATION_NOT_FOUND, UNDELETE_UNAVAILABLE
 */
export async function findDelete(journal: Journal, operationId: string): Promise<Deleted> {
  const operation = await journal.get(operationId)
  if (operation === undefined) {
    throw new HoldfastError(
      'OPERATION_NOT_FOUND',
      `The history knows no operation ${JSON.stringify(operationId)}. Look it up with ` +
        '`manager.history()`.',
      { outcome: 'unchanged', retryable: false, details: { operationId } },
    )
  }
  const { kind, state, checkpoint, checkpointDropped } = operation
  const isDelete = kind === deleteCollection.kind || kind === deleteRecords.kind
  if (!isDelete) throw unavailable(operationId, `it is a ${kind}, not a delete`)
  if (state !== 'committed' && state !== 'abandoned') {
    throw unavailable(operationId, `it is "${state}", so nothing was deleted by it yet`)
  }
  const { parts = [] } = checkpoint ?? {}
  const [part] = parts
  if (part === undefined || checkpointDropped) {
    throw unavailable(operationId, 'its undo window (`keepForMs`) has passed')
  }
  const backupIds = parts.map(({ backupId }) => backupId)
  return { kind, collection: part.collection, backupIds }
}

function unavailable(operationId: string, why: string): HoldfastError {
  return new HoldfastError(
    'UNDELETE_UNAVAILABLE',
    `Operation ${operationId} can't be taken back: ${why}.`,
    { outcome: 'unchanged', retryable: false, details: { operationId } },
  )
}
