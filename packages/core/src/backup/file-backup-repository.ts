/**
 * Backups as files in one directory. `<id>.records.<generation>` holds the records, under a name of
 * its own for every write; `<id>.json`, the manifest, is put in place atomically when those are
 * durable, and that is when the backup begins to exist. Replacing a backup puts another manifest in
 * its place and removes the records of the old one afterwards; deleting removes the manifest first.
 * So whatever has a manifest is complete, and whatever no manifest names is left over.
 */
import { dirname, join, resolve } from 'node:path'
import { writeFileAtomically } from '../durable/atomic-write.ts'
import type { Clock } from '../durable/clock.ts'
import { directoryError, errorCode } from '../durable/directory-error.ts'
import type { FileSystem } from '../durable/file-system.ts'
import type { Random } from '../durable/random.ts'
import { systemRandom } from '../durable/system-random.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import type { CallOptions } from '../store/adapter.ts'
import { storedMetadataProblem } from '../store/metadata-problem.ts'
import { backupDamaged } from './backup-damaged.ts'
import {
  checkBackupId,
  GENERATION_BYTES,
  idOfLeftOver,
  idOfManifestFile,
  manifestFileOf,
  recordsFileOf,
} from './backup-files.ts'
import type {
  BackupBatch,
  BackupInfo,
  BackupRepository,
  BackupSource,
} from './backup-repository.ts'
import { decodeManifestFile, encodeManifestFile, type ManifestFile } from './manifest-file.ts'
import { readRecords } from './read-records.ts'
import { RecordsWriter, type WrittenRecords } from './records-writer.ts'

export interface FileBackupRepositoryOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  /** For names that nobody else uses. Default: the machine's. */
  readonly random?: Random
  /** Made when it is missing. Several processes may share it. */
  readonly directory: string
}

export class FileBackupRepository implements BackupRepository {
  readonly #fs: FileSystem
  readonly #clock: Clock
  readonly #random: Random
  readonly #directory: string
  /** Ids of the backups that are being written or deleted here, with how often. */
  readonly #inFlight = new Map<Promise<unknown>, string>()
  #isClosed = false

  private constructor(options: Required<FileBackupRepositoryOptions>) {
    this.#fs = options.fileSystem
    this.#clock = options.clock
    this.#random = options.random
    this.#directory = options.directory
  }

  /** @throws DIRECTORY_UNUSABLE */
  static async open(options: FileBackupRepositoryOptions): Promise<FileBackupRepository> {
    const { fileSystem, random = systemRandom } = options
    const directory = resolve(options.directory)
    try {
      await fileSystem.makeDirectory(directory)
      await fileSystem.syncDirectory(dirname(directory))
      // A process may have died between putting a manifest in place and syncing its name.
      await fileSystem.syncDirectory(directory)
    } catch (cause) {
      const doing = `use ${directory} for backups`
      throw directoryError({ path: directory, doing, cause, outcome: 'unchanged' })
    }
    return new FileBackupRepository({ ...options, random, directory })
  }

  /** @throws DIRECTORY_UNUSABLE, RECORD_INVALID, LIMIT_EXCEEDED, and what the source throws */
  async write(source: BackupSource, { signal }: CallOptions = {}): Promise<BackupInfo> {
    checkBackupId(source.id)
    checkCollection(source)
    signal?.throwIfAborted()
    return this.#track(source.id, async () => {
      const recordsFile = recordsFileOf(source.id, this.#random.bytes(GENERATION_BYTES))
      const path = this.#path(recordsFile)
      const writer = await RecordsWriter.create(this.#fs, path, this.#random)
      let old: ManifestFile | undefined
      let written: WrittenRecords
      try {
        for await (const batch of source.batches) {
          signal?.throwIfAborted()
          await writer.add(batch, signal)
        }
        written = await writer.finish()
        // The records must not be younger on the disk than the manifest that names them.
        await this.#onDisk(source.id, () => this.#fs.syncDirectory(this.#directory))
        old = await this.#oldManifest(source.id)
        signal?.throwIfAborted()
      } catch (error) {
        await writer.discard()
        throw error
      }
      const info = infoOf(source, written, this.#clock.now())
      await this.#putManifest({ info, recordsFile })
      if (old !== undefined) await this.#removeLeftOver(old.recordsFile)
      return info
    })
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<BackupInfo | undefined> {
    checkBackupId(id)
    this.#enter(signal)
    const manifest = await this.#readManifest(id)
    signal?.throwIfAborted()
    return manifest?.info
  }

  /**
   * Lists everything that can be listed first.
   * @throws BACKUP_DAMAGED at the end, when there are manifests that can't be read
   */
  async *list({ signal }: CallOptions = {}): AsyncGenerator<BackupInfo, void, undefined> {
    this.#enter(signal)
    let damage: unknown
    for (const name of await this.#names()) {
      const id = idOfManifestFile(name)
      if (id === undefined) continue
      try {
        const manifest = await this.#readManifest(id)
        signal?.throwIfAborted()
        if (manifest !== undefined) yield manifest.info
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== 'BACKUP_DAMAGED') throw error
        damage ??= error
      }
    }
    if (damage !== undefined) throw damage
  }

  async *read(
    id: string,
    { signal }: CallOptions = {},
  ): AsyncGenerator<BackupBatch, void, undefined> {
    checkBackupId(id)
    this.#enter(signal)
    let manifest = await this.#readManifest(id)
    for (;;) {
      signal?.throwIfAborted()
      if (manifest === undefined) throw notFound(id)
      try {
        return yield* this.#readRecords(manifest, signal)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
        // Somebody may have replaced it between our look at the manifest and at the records.
        const now = await this.#readManifest(id)
        if (now?.recordsFile === manifest.recordsFile) {
          throw backupDamaged(this.#path(manifest.recordsFile), 'it is missing', error)
        }
        manifest = now
      }
    }
  }

  async delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    checkBackupId(id)
    signal?.throwIfAborted()
    await this.#track(id, async () => {
      const manifest = await this.#oldManifest(id)
      try {
        await this.#fs.unlink(this.#path(manifestFileOf(id)))
        // A manifest that a power cut brings back must find its records.
        await this.#fs.syncDirectory(this.#directory)
      } catch (cause) {
        if (errorCode(cause) === 'ENOENT') return
        const doing = `delete the backup ${id}`
        throw directoryError({ path: this.#directory, doing, cause, outcome: 'unknown' })
      }
      if (manifest !== undefined) await this.#removeLeftOver(manifest.recordsFile)
    })
  }

  /**
   * Removes what crashed writers have left: files that no manifest names, of backups that nobody is
   * writing. Tells their names. Complete backups are never swept.
   *
   * `isLive` tells whether a backup of that id may be being written, in whatever process. It is asked
   * after the directory was looked at, and must answer from what is true then: a writer that was
   * announced before its first file appeared is known by that time.
   * @throws DIRECTORY_UNUSABLE
   */
  async sweep(
    isLive: (backupId: string) => boolean | Promise<boolean>,
  ): Promise<readonly string[]> {
    this.#enter(undefined)
    const swept: string[] = []
    for (const name of await this.#names()) {
      const id = idOfLeftOver(name)
      if (id === undefined || this.#isInFlight(id) || (await isLive(id))) continue
      if (await this.#mayBeNamed(id, name)) continue
      if (await this.#removeLeftOver(name)) swept.push(name)
    }
    return swept
  }

  /** Waits for writes and deletes under way; whatever begins after it is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#inFlight.keys())
  }

  async *#readRecords(
    { info, recordsFile }: ManifestFile,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<BackupBatch, void, undefined> {
    const path = this.#path(recordsFile)
    try {
      yield* readRecords(this.#fs, path, info, signal)
    } catch (cause) {
      const code = errorCode(cause)
      if (isHoldfastError(cause) || code === '' || code === 'ENOENT') throw cause
      const doing = `read the backup file ${path}`
      throw directoryError({ path, doing, cause, outcome: 'unchanged' })
    }
  }

  /**
   * The moment from which on the backup exists. When that fails, the records stay unless the
   * manifest on the disk is certainly not theirs: they may be needed after all.
   */
  async #putManifest(manifest: ManifestFile): Promise<void> {
    const { id } = manifest.info
    const path = this.#path(manifestFileOf(id))
    try {
      await writeFileAtomically(this.#fs, path, encodeManifestFile(manifest), this.#random)
    } catch (cause) {
      const isNamed = await this.#mayBeNamed(id, manifest.recordsFile)
      if (!isNamed) await this.#removeLeftOver(manifest.recordsFile)
      throw directoryError({
        path,
        doing: `write the backup ${id}`,
        cause,
        outcome: isNamed ? 'unknown' : 'unchanged',
      })
    }
  }

  /** What a write or delete replaces. A manifest that is damaged names nothing that we could keep. */
  async #oldManifest(id: string): Promise<ManifestFile | undefined> {
    try {
      return await this.#readManifest(id)
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'BACKUP_DAMAGED') return undefined
      throw error
    }
  }

  /** @throws BACKUP_DAMAGED, DIRECTORY_UNUSABLE, JOURNAL_VERSION_NEWER */
  async #readManifest(id: string): Promise<ManifestFile | undefined> {
    const path = this.#path(manifestFileOf(id))
    let bytes: Uint8Array
    try {
      bytes = await this.#fs.readFile(path)
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return undefined
      const doing = `read the backup file ${path}`
      throw directoryError({ path, doing, cause, outcome: 'unchanged' })
    }
    const manifest = decodeManifestFile(path, bytes)
    if (manifest.info.id === id) return manifest
    throw new HoldfastError(
      'DIRECTORY_UNUSABLE',
      `The file system takes ${path} for the backup ${manifest.info.id}, whose id differs in case ` +
        'only. Use another id.',
      { outcome: 'unchanged', retryable: false, details: { path } },
    )
  }

  /** Whether the manifest of this backup names that file, or can't be asked. */
  async #mayBeNamed(id: string, name: string): Promise<boolean> {
    try {
      return (await this.#readManifest(id))?.recordsFile === name
    } catch {
      return true
    }
  }

  /** What can't be removed now is found again by a later sweep, so it fails nobody. */
  async #removeLeftOver(name: string): Promise<boolean> {
    return this.#fs.unlink(this.#path(name)).then(
      () => true,
      () => false,
    )
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await this.#fs.readDirectory(this.#directory)
    } catch (cause) {
      const path = this.#directory
      throw directoryError({ path, doing: `list ${path}`, cause, outcome: 'unchanged' })
    }
  }

  async #onDisk(id: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (cause) {
      const doing = `write the backup ${id}`
      throw directoryError({ path: this.#directory, doing, cause, outcome: 'unchanged' })
    }
  }

  async #track<Result>(id: string, run: () => Promise<Result>): Promise<Result> {
    this.#enter(undefined)
    const running = run()
    this.#inFlight.set(running, id)
    try {
      return await running
    } finally {
      this.#inFlight.delete(running)
    }
  }

  #isInFlight(id: string): boolean {
    return [...this.#inFlight.values()].includes(id)
  }

  #enter(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted()
    if (!this.#isClosed) return
    throw new HoldfastError('MANAGER_CLOSED', 'The backups were closed. Open a new manager.', {
      outcome: 'unchanged',
      retryable: false,
    })
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

function infoOf(source: BackupSource, written: WrittenRecords, takenAt: number): BackupInfo {
  const { id, collection } = source
  // As it will be read: without what is explicitly undefined.
  return JSON.parse(JSON.stringify({ id, collection, ...written, takenAt })) as BackupInfo
}

function checkCollection({ collection }: BackupSource): void {
  for (const part of ['metadata', 'settings'] as const) {
    const value = collection[part]
    const problem = value === undefined ? undefined : storedMetadataProblem(value)
    if (problem !== undefined) throw new TypeError(`The collection's ${part} ${problem}.`)
  }
}

function notFound(id: string): HoldfastError {
  return new HoldfastError('BACKUP_NOT_FOUND', `There is no backup ${id}. Look at its id.`, {
    outcome: 'unchanged',
    retryable: false,
    details: { backupId: id },
  })
}
