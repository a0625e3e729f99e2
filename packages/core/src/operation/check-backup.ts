import type { CheckpointPart } from '../journal/journal.ts'
import { HoldfastError } from '../model/errors.ts'
import { ManifestBuilder, sameManifest } from '../model/manifest.ts'
import type { BuildContext } from './operation.ts'

/**
 * Reads a checkpoint part back from its backup and compares it with what was taken from the store:
 * the records that we promise to bring back are on disk, whole and readable.
 * @throws BACKUP_DAMAGED
 */
export async function checkBackup(context: BuildContext, part: CheckpointPart): Promise<void> {
  const { backupId } = part
  const manifest = new ManifestBuilder()
  for await (const { records } of context.backups.read(backupId, context)) manifest.addAll(records)
  if (sameManifest(manifest.build(), part.manifest)) return
  throw new HoldfastError(
    'BACKUP_DAMAGED',
    `The backup ${backupId} does not hold what was read from "${part.collection.name}". Check the ` +
      'disk (and memory) of this machine, then try again.',
    { outcome: 'unknown', retryable: true, details: { backupId } },
  )
}
