/**
 * Backups as files in one directory. `<id>.records.<generation>` holds the records, under a name of
 * its own for every write; `<id>.json`, the manifest, is put in place atomically when those are
 * durable, and that is when the backup begins to exist. Replacing a backup puts another manifest in
 * its place and removes the records of the old one afterwards; deleting removes the manifest first.
 * So whatever has a manifest is complete, and whatever no manifest names is left over.
 */
import { resolve } from 'node:path'
import type { Clock } from '../durable/clock.ts'
import { directoryError, errorCode } from '../durable/directory-error.ts'
import type { FileSystem } from '../durable/file-system.ts'
import { nextTurn } from '../durable/next-turn.ts'
import type { Random } from '../durable/random.ts'
import { systemRandom } from '../durable/system-random.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import type { CallOptions } from '../store/adapter.ts'
import { storedMetadataProblem } from '../store/metadata-problem.ts'
import { backupDamaged } from './backup-damaged.ts'
import { BackupDirectory } from './backup-directory.ts'
import {
  checkBackupId,
  GENERATION_BYTES,
  idOfLeftOver,
  idOfManifestFile,
  recordsFileOf,
} from './backup-files.ts'
import type {
  BackupBatch,
  BackupInfo,
  BackupRepository,
  BackupSource,
} from './backup-repository.ts'
import type { ManifestFile } from './manifest-file.ts'
import { readFrames, readRecords } from './read-records.ts'
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
  readonly #directory: BackupDirectory
  readonly #clock: Clock
  readonly #random: Random
  /** What is being written or deleted here, with the id of its backup. */
  readonly #inFlight = new Map<Promise<unknown>, string>()
  #isClosed = false

  private constructor(directory: BackupDirectory, clock: Clock, random: Random) {
    this.#directory = directory
    this.#clock = clock
    this.#random = random
  }

  /** @throws DIRECTORY_UNUSABLE */
  static async open(options: FileBackupRepositoryOptions): Promise<FileBackupRepository> {
    const { fileSystem, clock, random = systemRandom } = options
    const directory = await BackupDirectory.open(fileSystem, resolve(options.directory), random)
    return new FileBackupRepository(directory, clock, random)
  }

  /** @throws DIRECTORY_UNUSABLE, RECORD_INVALID, LIMIT_EXCEEDED, and what the source throws */
  async write(source: BackupSource, { signal }: CallOptions = {}): Promise<BackupInfo> {
    checkBackupId(source.id)
    checkCollection(source)
    signal?.throwIfAborted()
    return this.#track(source.id, async () => {
      const recordsFile = recordsFileOf(source.id, this.#random.bytes(GENERATION_BYTES))
      const path = this.#directory.path(recordsFile)
      const writer = await RecordsWriter.create(this.#directory.fs, path, this.#random)
      let old: ManifestFile | undefined
      let written: WrittenRecords
      try {
        for await (const batch of source.batches) {
          signal?.throwIfAborted()
          await writer.add(batch, signal)
        }
        written = await writer.finish()
        // The records must not be younger on the disk than the manifest that names them.
        await this.#directory.sync(source.id)
        old = await this.#directory.readOldManifest(source.id)
        signal?.throwIfAborted()
      } catch (error) {
        await writer.discard()
        throw error
      }
      const info = infoOf(source, written, this.#clock.now())
      await this.#directory.putManifest({ info, recordsFile })
      if (old !== undefined) await this.#directory.removeLeftOver(old.recordsFile)
      return info
    })
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<BackupInfo | undefined> {
    checkBackupId(id)
    this.#enter(signal)
    const manifest = await this.#directory.readManifest(id)
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
    for (const name of await this.#directory.names()) {
      const id = idOfManifestFile(name)
      if (id === undefined) continue
      try {
        const manifest = await this.#directory.readManifest(id)
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
    yield* this.#stream(id, readRecords, signal)
  }

  async check(id: string, { signal }: CallOptions = {}): Promise<void> {
    for await (const _ of this.#stream(id, readFrames, signal)) await nextTurn()
  }

  async delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    checkBackupId(id)
    signal?.throwIfAborted()
    await this.#track(id, async () => {
      const manifest = await this.#directory.readOldManifest(id)
      // Durably gone before its records: a manifest that a power cut brings back must find them.
      if (!(await this.#directory.removeManifest(id))) return
      if (manifest !== undefined) await this.#directory.removeLeftOver(manifest.recordsFile)
    })
  }

  /** What a reader makes of the records file of the backup as it is now. */
  async *#stream<Piece>(
    id: string,
    read: Reader<Piece>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Piece, void, undefined> {
    checkBackupId(id)
    this.#enter(signal)
    let manifest = await this.#directory.readManifest(id)
    for (;;) {
      signal?.throwIfAborted()
      if (manifest === undefined) throw notFound(id)
      try {
        return yield* this.#readFile(manifest, read, signal)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
        // Somebody may have replaced it between our look at the manifest and at the records.
        const now = await this.#directory.readManifest(id)
        if (now?.recordsFile === manifest.recordsFile) {
          throw backupDamaged(this.#directory.path(manifest.recordsFile), 'it is missing', error)
        }
        manifest = now
      }
    }
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
    for (const name of await this.#directory.names()) {
      const id = idOfLeftOver(name)
      if (id === undefined || this.#isInFlight(id) || (await isLive(id))) continue
      if (await this.#directory.mayBeNamed(id, name)) continue
      if (await this.#directory.removeLeftOver(name)) swept.push(name)
    }
    return swept
  }

  /** Waits for writes and deletes under way; whatever begins after it is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#inFlight.keys())
  }

  async *#readFile<Piece>(
    { info, recordsFile }: ManifestFile,
    read: Reader<Piece>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Piece, void, undefined> {
    const path = this.#directory.path(recordsFile)
    try {
      yield* read(this.#directory.fs, path, info, signal)
    } catch (cause) {
      const code = errorCode(cause)
      if (isHoldfastError(cause) || code === '' || code === 'ENOENT') throw cause
      const doing = `read the backup file ${path}`
      throw directoryError({ path, doing, cause, outcome: 'unchanged' })
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
}

/** Reads the records file of a backup. */
type Reader<Piece> = (
  fs: FileSystem,
  path: string,
  info: BackupInfo,
  signal?: AbortSignal,
) => AsyncGenerator<Piece, void, undefined>

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
