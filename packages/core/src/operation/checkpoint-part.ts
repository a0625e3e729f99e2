import type { BackupBatch } from '../backup/backup-repository.ts'
import type { Checkpoint } from '../journal/journal.ts'
import type { CallOptions } from '../store/adapter.ts'
import type { OperationContext } from './operation.ts'

/** Reads the records of one checkpoint part back. @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED */
export function readPart(
  { backups }: OperationContext,
  checkpoint: Checkpoint,
  part: number,
  options: CallOptions = {},
): AsyncIterable<BackupBatch> {
  const backupId = checkpoint.parts[part]?.backupId
  if (backupId === undefined) throw new RangeError(`there is no checkpoint part ${part}`)
  return backups.read(backupId, options)
}
