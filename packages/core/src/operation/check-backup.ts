import type { CheckpointPart } from '../journal/journal.ts'
import { HoldfastError } from '../model/errors.ts'
import { sameManifest } from '../model/manifest.ts'
import type { CallOptions } from '../store/adapter.ts'
import type { OperationContext } from './operation.ts'

/**
 * Reads the backup of a checkpoint part back, to its last byte: the records that we promise to bring
 * back are on disk as they were written, and are those that were taken from the store.
 * @throws BACKUP_DAMAGED
 */
export async function checkBackup(
  { backups }: OperationContext,
  { backupId, manifest, collection }: CheckpointPart,
  options: CallOptions = {},
): Promise<void> {
  await backups.check(backupId, options)
  const kept = await backups.get(backupId, options)
  if (kept !== undefined && sameManifest(kept.manifest, manifest)) return
  throw new HoldfastError(
    'BACKUP_DAMAGED',
    `The backup ${backupId} does not hold what was read from "${collection.name}". Check the ` +
      'disk (and memory) of this machine, then try again.',
    { outcome: 'unknown', retryable: true, details: { backupId } },
  )
}
