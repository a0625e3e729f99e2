import { HoldfastError } from '../model/errors.ts'
import { directoryError, errorCode } from './directory-error.ts'
import type { FileSystem } from './file-system.ts'
import { FrameReader, type LogFrame } from './frame-reader.ts'
import {
  type LogFile,
  type LogFileOptions,
  logDamaged,
  openLogFile,
  settleTail,
  writeLogFile,
} from './log-file.ts'
import { encodeFrames, FILE_HEADER_BYTES } from './log-format.ts'

export interface AppendOnlyLogOptions extends LogFileOptions {
  /** Longer payloads are refused with LIMIT_EXCEEDED. */
  readonly payloadBytesMax: number
}

/** Frames say how far they are from the start of their append, in 32 bits. */
const APPEND_BYTES_MAX = 2 ** 31

/**
 * A file that only grows, entry by entry, and that a crash can't confuse.
 *
 * - What `append` has acknowledged is there for ever, in its order. What it rejected with outcome
 *   `unchanged` is not there. Of what a crash interrupted the first entries are there, or all, or
 *   none.
 * - Opening cuts off what a crash has torn, and refuses everything else that doesn't read as it
 *   was written. Nothing is trusted before the file is synced: an entry may have been written by a
 *   process that died before its sync.
 * - Several processes may append in turn. Hold one lock, such as a `DirectoryLock`, around `open`,
 *   and around `refresh` with everything that is appended after it.
 *
 * Calls are carried out one after the other.
 */
export class AppendOnlyLog implements AsyncDisposable {
  readonly path: string
  readonly #fs: FileSystem
  readonly #options: AppendOnlyLogOptions
  #file: LogFile
  #queue: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined
  /** Set when it is not known where the file ends. Nothing is ever written after that. */
  #isInDoubt = false

  private constructor(fs: FileSystem, path: string, options: AppendOnlyLogOptions, file: LogFile) {
    this.#fs = fs
    this.path = path
    this.#options = options
    this.#file = file
  }

  /**
   * Opens the log, or creates an empty one in a directory that exists.
   * @throws JOURNAL_DAMAGED (or the `damagedCode`); nothing was changed then
   * @throws JOURNAL_VERSION_NEWER when a later version of the program has written it
   * @throws DIRECTORY_UNUSABLE
   */
  static async open(
    fs: FileSystem,
    path: string,
    options: AppendOnlyLogOptions,
  ): Promise<AppendOnlyLog> {
    try {
      return new AppendOnlyLog(fs, path, options, await openLogFile(fs, path, options))
    } catch (cause) {
      throw translated(cause, `open ${path}`, path)
    }
  }

  /** The same as long as nobody has rewritten the file. */
  get fileId(): string {
    return this.#file.fileId
  }

  /** Where the last entry ends. */
  get sizeBytes(): number {
    return this.#file.endBytes
  }

  /** The version of its entries, as the file says; not above that of the options. */
  get version(): number {
    return this.#file.header.version
  }

  /**
   * The entries from `fromBytes` on, which is where one of them begins or ends, up to the end as
   * it is when the reading begins. Default: all. One buffer of memory, or the longest entry.
   */
  async *read(fromBytes: number = FILE_HEADER_BYTES): AsyncGenerator<LogFrame, void, undefined> {
    if (this.#closing !== undefined) throw this.#closed()
    const { endBytes, fileId, header } = this.#file
    if (fromBytes < FILE_HEADER_BYTES || fromBytes > endBytes) {
      throw new RangeError(`No entry of ${this.path} begins at byte ${fromBytes}`)
    }
    try {
      // A handle of its own, so that the log can be rewritten and closed meanwhile.
      const handle = await this.#fs.open(this.path, 'read')
      try {
        if ((await handle.stat()).fileId !== fileId) throw this.#leaseLost()
        const { salt } = header
        const reader = new FrameReader(handle, { salt, startBytes: fromBytes, endBytes })
        while (reader.positionBytes < endBytes) {
          const frame = await reader.next()
          if (frame === undefined) throw this.#damaged(reader.positionBytes, 'no entry is there')
          yield frame
        }
      } finally {
        await handle.close()
      }
    } catch (cause) {
      throw translated(cause, `read ${this.path}`, this.path)
    }
  }

  /**
   * Appends entries with one write and one sync. Durable when it resolves.
   * @throws DIRECTORY_UNUSABLE with outcome `unchanged`: nothing was appended. With `unknown`: that
   *   can't be told, and the log takes nothing more until it has been opened again.
   * @throws LEASE_LOST when another process has written since `open` or `refresh`
   * @throws LIMIT_EXCEEDED
   */
  append(payloads: readonly Uint8Array[]): Promise<void> {
    return this.#enqueue(async () => {
      this.#assertSizes(payloads)
      if (payloads.length === 0) return
      await this.#assertAlone()
      const { handle, header, endBytes } = this.#file
      const bytes = encodeFrames(payloads, { startBytes: endBytes, salt: header.salt })
      try {
        await handle.append(bytes)
        await handle.sync()
      } catch (cause) {
        throw await this.#takenBack(bytes.length, cause)
      }
      this.#file = { ...this.#file, endBytes: endBytes + bytes.length }
      await this.#assertStillAlone()
    })
  }

  /**
   * Looks for what other processes have done since `open` or the last call: nothing; appended (read
   * on from the former `sizeBytes`); or rewritten the file (read it all). Cuts off what one of them
   * has left torn. Throws as `open` does.
   */
  refresh(): Promise<'unchanged' | 'appended' | 'rewritten'> {
    return this.#enqueue(async () => {
      try {
        return await this.#refreshed()
      } catch (cause) {
        throw translated(cause, `read ${this.path}`, this.path)
      }
    })
  }

  /**
   * Replaces all entries, atomically: after a crash the file is the old one or the new one. It has
   * the version of the options then. Durable when it resolves; throws as `append` does.
   * @param isOurs rejects when the file is somebody else's by now; asked right before the new file
   *   takes the place of the old one
   */
  rewrite(
    payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    isOurs: () => Promise<void> = async () => {},
  ): Promise<void> {
    return this.#enqueue(async () => {
      await this.#assertAlone()
      const former = this.#file.handle
      const doing = `rewrite ${this.path}`
      try {
        await writeLogFile(
          this.#fs,
          this.path,
          this.#options,
          this.#checked(payloads),
          async () => {
            await isOurs()
            await this.#assertAlone()
          },
        )
      } catch (cause) {
        const isUntouched = await this.#isAlone().catch(() => false)
        throw isUntouched ? translated(cause, doing, this.path) : this.#doubt(doing, cause)
      }
      try {
        this.#file = await openLogFile(this.#fs, this.path, this.#options)
      } catch (cause) {
        throw this.#doubt(doing, cause)
      }
      await former.close().catch(() => {})
    })
  }

  /** Waits for what is going on. Closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(() => this.#file.handle.close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * After a failed write or sync: cuts the file back to where it ended. When that is durable the
   * append has not happened. A failed sync is not tried again, since the system may have dropped
   * what it could not write and would then report success; cutting makes new changes to write.
   */
  async #takenBack(lengthBytes: number, cause: unknown): Promise<HoldfastError> {
    const { handle, endBytes } = this.#file
    const doing = `append to ${this.path}`
    try {
      const { sizeBytes } = await handle.stat()
      if (sizeBytes < endBytes || sizeBytes > endBytes + lengthBytes)
        return this.#doubt(doing, cause)
      await handle.truncate(endBytes)
      await handle.sync()
    } catch {
      return this.#doubt(doing, cause)
    }
    return directoryError({ path: this.path, doing, cause, outcome: 'unchanged' })
  }

  #doubt(doing: string, cause: unknown): HoldfastError {
    this.#isInDoubt = true
    const advice =
      'Whether it happened shows when the log is opened again; it takes nothing before.'
    return directoryError({ path: this.path, doing, cause, outcome: 'unknown', advice })
  }

  async #refreshed(): Promise<'unchanged' | 'appended' | 'rewritten'> {
    const { handle, fileId, endBytes, header } = this.#file
    const found = await this.#fs.stat(this.path)
    if (found.fileId !== fileId) {
      this.#file = await openLogFile(this.#fs, this.path, this.#options)
      await handle.close().catch(() => {})
      return 'rewritten'
    }
    if (found.sizeBytes === endBytes) return 'unchanged'
    if (found.sizeBytes < endBytes) throw this.#damaged(found.sizeBytes, 'it has become shorter')
    const { path } = this
    const tail = { path, options: this.#options, startBytes: endBytes, salt: header.salt }
    this.#file = { ...this.#file, endBytes: await settleTail(this.#fs, handle, tail) }
    return this.sizeBytes === endBytes ? 'unchanged' : 'appended'
  }

  async *#checked(
    payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const payload of payloads) {
      this.#assertSizes([payload])
      yield payload
    }
  }

  /** One after the other; a failure concerns its caller only. */
  #enqueue<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed())
    const result = this.#queue.then(() => {
      this.#assertKnown()
      return run()
    })
    this.#queue = result.catch(() => {})
    return result
  }

  #closed(): TypeError {
    return new TypeError(`The log ${this.path} is closed`)
  }

  #assertKnown(): void {
    if (!this.#isInDoubt) return
    throw new HoldfastError(
      'DIRECTORY_UNUSABLE',
      `It is not known where ${this.path} ends since an append failed. Open it again.`,
      { outcome: 'unchanged', retryable: false, details: { path: this.path } },
    )
  }

  #assertSizes(payloads: readonly Uint8Array[]): void {
    const { payloadBytesMax } = this.#options
    let sumBytes = 0
    for (const { length } of payloads) {
      sumBytes += length
      if (length <= payloadBytesMax && sumBytes <= APPEND_BYTES_MAX) continue
      throw new HoldfastError(
        'LIMIT_EXCEEDED',
        `An entry of ${length} bytes is too long for ${this.path}: the limit is ${payloadBytesMax}` +
          ` for one and ${APPEND_BYTES_MAX} for one append. Split it.`,
        { outcome: 'unchanged', retryable: false, details: { payloadBytesMax } },
      )
    }
  }

  /** Before a write: appending after what somebody else has written would confuse both. */
  async #assertAlone(): Promise<void> {
    let isAlone: boolean
    try {
      isAlone = await this.#isAlone()
    } catch (cause) {
      throw translated(cause, `write to ${this.path}`, this.path)
    }
    if (!isAlone) throw this.#leaseLost()
  }

  /** After a write: the entry is durable, but perhaps in a file that nobody reads any more. */
  async #assertStillAlone(): Promise<void> {
    const doing = `append to ${this.path}`
    try {
      if (await this.#isAlone()) return
    } catch (cause) {
      throw this.#doubt(doing, cause)
    }
    throw this.#doubt(doing, this.#leaseLost())
  }

  async #isAlone(): Promise<boolean> {
    const { fileId, sizeBytes } = await this.#fs.stat(this.path)
    return fileId === this.#file.fileId && sizeBytes === this.#file.endBytes
  }

  #leaseLost(): HoldfastError {
    return new HoldfastError(
      'LEASE_LOST',
      `Another process has written to ${this.path} meanwhile. Look at what it did before going on.`,
      { outcome: 'unchanged', retryable: false, details: { path: this.path } },
    )
  }

  #damaged(atBytes: number, wrong: string): HoldfastError {
    return logDamaged(this.path, this.#options, { atBytes, wrong })
  }
}

/** Errors of the file system get a sentence; those of the caller's own making stay as they are. */
function translated(cause: unknown, doing: string, path: string): unknown {
  if (cause instanceof HoldfastError || errorCode(cause) === '') return cause
  return directoryError({ path, doing, cause, outcome: 'unchanged' })
}
