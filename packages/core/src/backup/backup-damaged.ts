import { HoldfastError } from '../model/errors.ts'

/** What is on the disk is not what was written. Names the file, so that somebody can look at it. */
export function backupDamaged(path: string, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'BACKUP_DAMAGED',
    `The backup file ${path} is damaged: ${what}. Check the disk, and bring the file back from a ` +
      'copy if there is one.',
    { outcome: 'unchanged', retryable: false, details: { path }, cause },
  )
}
