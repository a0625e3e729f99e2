import type { BackupRepository } from '../backup/backup-repository.ts'

/** A repository on a storage of its own. */
export interface OpenBackupRepository {
  readonly repository: BackupRepository
  /** Another instance on the same storage, as a second process has it. The scenario disposes it. */
  readonly openAnother: () => Promise<BackupRepository>
  /**
   * Harms what is stored of the records of this backup, as a bad disk does: `flip` changes one byte
   * in the middle, `cut` loses the second half.
   */
  readonly damage: (id: string, how: 'flip' | 'cut') => Promise<void>
  /** Removes the storage. The repository may have been disposed before. */
  readonly close: () => Promise<void>
}
