import { directoryError } from '../durable/directory-error.ts'
import type { FileHandle, FileSystem } from '../durable/file-system.ts'
import { nextTurn } from '../durable/next-turn.ts'
import type { Random } from '../durable/random.ts'
import { type Manifest, ManifestBuilder } from '../model/manifest.ts'
import type { BackupBatch } from './backup-repository.ts'
import { encodeBatch, encodeFileHeader, FILE_HEADER_BYTES, SALT_BYTES } from './records-codec.ts'

export interface WrittenRecords {
  readonly manifest: Manifest
  readonly sizeBytes: number
}

/**
 * Writes the records of one backup into a new file. While one frame goes to the disk the next one
 * is encoded; the file is synced once, at the end.
 */
export class RecordsWriter {
  readonly #fs: FileSystem
  readonly #path: string
  readonly #handle: FileHandle
  readonly #salt: Uint8Array
  readonly #manifest = new ManifestBuilder()
  /** The write under way. */
  #writing: Promise<void> = Promise.resolve()
  #sizeBytes = FILE_HEADER_BYTES

  private constructor(fs: FileSystem, path: string, handle: FileHandle, salt: Uint8Array) {
    this.#fs = fs
    this.#path = path
    this.#handle = handle
    this.#salt = salt
  }

  /** @throws DIRECTORY_UNUSABLE */
  static async create(fs: FileSystem, path: string, random: Random): Promise<RecordsWriter> {
    const salt = random.bytes(SALT_BYTES)
    const handle = await onDisk(path, () => fs.open(path, 'create'))
    const writer = new RecordsWriter(fs, path, handle, salt)
    writer.#append(encodeFileHeader(salt))
    return writer
  }

  /** @throws DIRECTORY_UNUSABLE, RECORD_INVALID, LIMIT_EXCEEDED */
  async add(batch: BackupBatch, signal?: AbortSignal): Promise<void> {
    for (const frame of encodeBatch(batch, this.#salt, this.#manifest)) {
      await this.#written()
      this.#append(frame)
      this.#sizeBytes += frame.length
      // A write that is finished already does not let the event loop go round.
      await nextTurn()
      signal?.throwIfAborted()
    }
  }

  /** Durable when it resolves, under a name that is durable once the directory is synced. */
  async finish(): Promise<WrittenRecords> {
    await this.#written()
    await onDisk(this.#path, () => this.#handle.sync())
    await onDisk(this.#path, () => this.#handle.close())
    return { manifest: this.#manifest.build(), sizeBytes: this.#sizeBytes }
  }

  /** Removes what was written, as far as the disk lets us; the rest is swept later. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => {})
    await this.#handle.close().catch(() => {})
    await this.#fs.unlink(this.#path).catch(() => {})
  }

  #append(bytes: Uint8Array): void {
    this.#writing = this.#handle.append(bytes)
    // Whoever waits for it next is told; until then nobody listens.
    this.#writing.catch(() => {})
  }

  #written(): Promise<void> {
    return onDisk(this.#path, () => this.#writing)
  }
}

async function onDisk<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (cause) {
    throw directoryError({
      path,
      doing: `write the backup file ${path}`,
      cause,
      outcome: 'unchanged',
    })
  }
}
