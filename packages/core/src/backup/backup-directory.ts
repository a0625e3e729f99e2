import { dirname, join } from 'node:path'
import { writeFileAtomically } from '../durable/atomic-write.ts'
import { directoryError, errorCode } from '../durable/directory-error.ts'
import type { FileSystem } from '../durable/file-system.ts'
import type { Random } from '../durable/random.ts'
import { HoldfastError, isHoldfastError, type Outcome } from '../model/errors.ts'
import { manifestFileOf } from './backup-files.ts'
import { decodeManifestFile, encodeManifestFile, type ManifestFile } from './manifest-file.ts'

/** The files of a repository: what is done to one of them, with errors that say what to do. */
export class BackupDirectory {
  readonly fs: FileSystem
  readonly #directory: string
  readonly #random: Random

  private constructor(fs: FileSystem, directory: string, random: Random) {
    this.fs = fs
    this.#directory = directory
    this.#random = random
  }

  /** @throws DIRECTORY_UNUSABLE */
  static async open(fs: FileSystem, path: string, random: Random): Promise<BackupDirectory> {
    const directory = new BackupDirectory(fs, path, random)
    await directory.#call(`use ${path} for backups`, 'unchanged', async () => {
      await fs.makeDirectory(path)
      await fs.syncDirectory(dirname(path))
      // A process may have died between putting a manifest in place and syncing its name.
      await fs.syncDirectory(path)
    })
    return directory
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  /** @throws DIRECTORY_UNUSABLE */
  async names(): Promise<readonly string[]> {
    return this.#call(`list ${this.#directory}`, 'unchanged', () =>
      this.fs.readDirectory(this.#directory),
    )
  }

  /** Makes durable that files are there. @throws DIRECTORY_UNUSABLE */
  async sync(id: string): Promise<void> {
    await this.#call(`write the backup ${id}`, 'unchanged', () =>
      this.fs.syncDirectory(this.#directory),
    )
  }

  /** @throws BACKUP_DAMAGED, DIRECTORY_UNUSABLE, JOURNAL_VERSION_NEWER */
  async readManifest(id: string): Promise<ManifestFile | undefined> {
    const path = this.path(manifestFileOf(id))
    let bytes: Uint8Array
    try {
      bytes = await this.fs.readFile(path)
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

  /** What a write or delete replaces. A manifest that is damaged names nothing that could be kept. */
  async readOldManifest(id: string): Promise<ManifestFile | undefined> {
    try {
      return await this.readManifest(id)
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'BACKUP_DAMAGED') return undefined
      throw error
    }
  }

  /** Whether the manifest of this backup names that file, or can't be asked. */
  async mayBeNamed(id: string, name: string): Promise<boolean> {
    try {
      return (await this.readManifest(id))?.recordsFile === name
    } catch {
      return true
    }
  }

  /**
   * The moment from which on the backup exists. When that fails, the records stay unless the
   * manifest on the disk is certainly not theirs: they may be needed after all.
   * @throws DIRECTORY_UNUSABLE
   */
  async putManifest(manifest: ManifestFile): Promise<void> {
    const { id } = manifest.info
    const path = this.path(manifestFileOf(id))
    try {
      await writeFileAtomically(this.fs, path, encodeManifestFile(manifest), this.#random)
    } catch (cause) {
      const isNamed = await this.mayBeNamed(id, manifest.recordsFile)
      if (!isNamed) await this.removeLeftOver(manifest.recordsFile)
      const outcome = isNamed ? 'unknown' : 'unchanged'
      throw directoryError({ path, doing: `write the backup ${id}`, cause, outcome })
    }
  }

  /** Durable when it resolves; false when there was none. @throws DIRECTORY_UNUSABLE */
  async removeManifest(id: string): Promise<boolean> {
    return this.#call(`delete the backup ${id}`, 'unknown', async () => {
      try {
        await this.fs.unlink(this.path(manifestFileOf(id)))
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false
        throw error
      }
      await this.fs.syncDirectory(this.#directory)
      return true
    })
  }

  /** What can't be removed now is found again by a later sweep, so it fails nobody. */
  async removeLeftOver(name: string): Promise<boolean> {
    return this.fs.unlink(this.path(name)).then(
      () => true,
      () => false,
    )
  }

  async #call<Result>(
    doing: string,
    outcome: Outcome,
    run: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await run()
    } catch (cause) {
      throw directoryError({ path: this.#directory, doing, cause, outcome })
    }
  }
}
