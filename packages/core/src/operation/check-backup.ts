import type { CheckpointPart } from '../journal/journal.ts'
import { HoldfastError } from '../model/errors.ts'
import { sameManifest } from '../model/manifest.ts'
import type { CallOptions } from '../store/adapter.ts'
import type { OperationContext } from './operation.ts'

/**
 * Reads a checkpoint part back from its backup and compares it with what was taken from the store:
 * the records that we promise to bring back are on disk, whole and readable.
 * @throws BACKUP_DAMAGED
 */
export async function checkBackup(
  { backups }: OperationContext,
  { backupId, manifest, collection }: CheckpointPart,
  options: CallOptions = {},
): Promise<void> {
  let count = 0
  // Reading compares all records with the manifest of the backup, and that is compared here.
  for await (const { records } of backups.read(backupId, options)) count += records.length
  const kept = await backups.get(backupId, options)
  const isSame = kept !== undefined && sameManifest(kept.manifest, manifest)
  if (isSame && count === manifest.count) return
  throw new HoldfastError(
    'BACKUP_DAMAGED',
    `The backup ${backupId} does not hold what was read from "${collection.name}". Check the ` +
      'disk (and memory) of this machine, then try again.',
    { outcome: 'unknown', retryable: true, details: { backupId } },
  )
}
