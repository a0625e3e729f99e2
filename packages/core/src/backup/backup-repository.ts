import type { CollectionInfo } from '../model/collection.ts'
import type { Manifest } from '../model/manifest.ts'
import type { VectorRecord } from '../model/record.ts'
import type { CallOptions } from '../store/adapter.ts'

/** A piece of a backup, in the order in which it was written. */
export interface BackupBatch {
  readonly records: readonly VectorRecord[]
  /** Ids that were asked for and did not exist. */
  readonly absentIds?: readonly string[]
}

export interface BackupSource {
  /** Letters, digits, `.`, `_` and `-`. An existing backup of this id is replaced, atomically. */
  readonly id: string
  readonly collection: CollectionInfo
  readonly batches: AsyncIterable<BackupBatch>
}

export interface BackupInfo {
  readonly id: string
  readonly collection: CollectionInfo
  /** Of the records, without `absentIds`. */
  readonly manifest: Manifest
  readonly sizeBytes: number
  /** Milliseconds since 1970. */
  readonly takenAt: number
}

/** Keeps records outside of their store. What it lists is complete and was synced to disk. */
export interface BackupRepository extends AsyncDisposable {
  /** Resolves when the backup is durable; before that, it is not listed. Memory: one batch. */
  write(source: BackupSource, options?: CallOptions): Promise<BackupInfo>
  get(id: string, options?: CallOptions): Promise<BackupInfo | undefined>
  list(options?: CallOptions): AsyncIterable<BackupInfo>
  /**
   * Every byte is checked against its checksum, the whole against the manifest at the end.
   * @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED
   */
  read(id: string, options?: CallOptions): AsyncIterable<BackupBatch>
  /**
   * Reads every byte back from where it is kept and compares it with its checksum, as `read` does,
   * but makes no records of it.
   * @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED
   */
  check(id: string, options?: CallOptions): Promise<void>
  /** Does nothing when there is none. */
  delete(id: string, options?: CallOptions): Promise<void>
}
