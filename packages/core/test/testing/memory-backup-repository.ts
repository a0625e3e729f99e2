import type {
  BackupBatch,
  BackupInfo,
  BackupRepository,
  BackupSource,
} from '../../src/backup/backup-repository.ts'
import { HoldfastError } from '../../src/model/errors.ts'
import { ManifestBuilder, sameManifest } from '../../src/model/manifest.ts'
import type { CallOptions } from '../../src/store/adapter.ts'
import type { OpenBackupRepository } from '../../src/testing/open-backup-repository.ts'

export interface StoredBackup {
  readonly info: BackupInfo
  readonly batches: BackupBatch[]
}

export type MemoryBackups = Map<string, StoredBackup>

/** The simplest repository that keeps its contract: the suite is tried on it, whole and broken. */
export class MemoryBackupRepository implements BackupRepository {
  readonly backups: MemoryBackups

  constructor(backups: MemoryBackups) {
    this.backups = backups
  }

  async write(source: BackupSource, options?: CallOptions): Promise<BackupInfo> {
    options?.signal?.throwIfAborted()
    const { id, collection } = source
    const batches: BackupBatch[] = []
    const manifest = new ManifestBuilder()
    for await (const batch of source.batches) {
      options?.signal?.throwIfAborted()
      manifest.addAll(batch.records)
      batches.push(structuredClone(batch))
    }
    const info = { id, collection, manifest: manifest.build(), sizeBytes: 1, takenAt: 0 }
    this.backups.set(id, { info, batches })
    return info
  }

  async get(id: string, options?: CallOptions): Promise<BackupInfo | undefined> {
    options?.signal?.throwIfAborted()
    return this.backups.get(id)?.info
  }

  async *list(options?: CallOptions): AsyncIterable<BackupInfo> {
    options?.signal?.throwIfAborted()
    for (const { info } of [...this.backups.values()]) yield info
  }

  async *read(id: string, options?: CallOptions): AsyncIterable<BackupBatch> {
    options?.signal?.throwIfAborted()
    const backup = this.backups.get(id)
    const say = { outcome: 'unchanged', retryable: false } as const
    if (backup === undefined) {
      throw new HoldfastError('BACKUP_NOT_FOUND', `There is no backup "${id}".`, say)
    }
    const manifest = new ManifestBuilder()
    for (const batch of backup.batches) {
      manifest.addAll(batch.records)
      yield structuredClone(batch)
    }
    if (!sameManifest(manifest.build(), backup.info.manifest)) {
      throw new HoldfastError('BACKUP_DAMAGED', `Backup "${id}" is damaged.`, say)
    }
  }

  async check(id: string, options?: CallOptions): Promise<void> {
    for await (const _ of this.read(id, options));
  }

  async delete(id: string, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    this.backups.delete(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** `make` gives the instances, so that a broken one can be put in. */
export async function openMemoryBackupRepository(
  make: (backups: MemoryBackups) => BackupRepository = (backups) =>
    new MemoryBackupRepository(backups),
): Promise<OpenBackupRepository> {
  const backups: MemoryBackups = new Map()
  return {
    repository: make(backups),
    openAnother: async () => make(backups),
    async damage(id, how) {
      const { batches } = backups.get(id) as StoredBackup
      if (how === 'cut') batches.splice(batches.length / 2)
      else (batches[0]?.records[0]?.vector as Float32Array)[0] = 0.5
    },
    close: async () => {},
  }
}
