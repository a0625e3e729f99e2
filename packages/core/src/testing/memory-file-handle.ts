import { errorCode } from '../durable/directory-error.ts'
import type { FileHandle, FileStat, FileSystem } from '../durable/file-system.ts'
import { diskError } from './memory-disk-error.ts'
import { MemoryFile } from './memory-node.ts'
import type { MemoryNode } from './memory-tree.ts'

export type OpenMode = Parameters<FileSystem['open']>[1]

/** One call to the disk. A fault plan takes it as it is, once told which part it belongs to. */
export interface MemoryCall<Result> {
  readonly method: string
  /** The path. */
  readonly about: string
  /** True when it changes nothing. */
  readonly reads: boolean
  run(): Promise<Result>
  /** Writes the first half. Appends have it. */
  half?(): Promise<void>
}

/** What a handle needs of its file system. */
export interface MemoryDisk {
  call<Result>(call: MemoryCall<Result>): Promise<Result>
  write(file: MemoryFile, at: number, bytes: Uint8Array, path: string): void
  truncate(file: MemoryFile, sizeBytes: number, path: string): void
}

export class MemoryFileHandle implements FileHandle {
  readonly #disk: MemoryDisk
  readonly #file: MemoryFile
  readonly #path: string
  readonly #mode: OpenMode
  #closed = false

  constructor(options: {
    readonly disk: MemoryDisk
    readonly file: MemoryFile
    readonly path: string
    readonly mode: OpenMode
  }) {
    this.#disk = options.disk
    this.#file = options.file
    this.#path = options.path
    this.#mode = options.mode
  }

  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#call('read', true, () => this.#file.read(positionBytes, lengthBytes))
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#write('append', bytes, () => this.#file.sizeBytes)
  }

  write(positionBytes: number, bytes: Uint8Array): Promise<void> {
    return this.#write('write', bytes, () => positionBytes)
  }

  async #write(method: 'append' | 'write', bytes: Uint8Array, at: () => number): Promise<void> {
    const write = async (part: Uint8Array): Promise<void> => {
      this.#assertAllows(method)
      this.#disk.write(this.#file, at(), part, this.#path)
    }
    await this.#disk.call({
      method,
      about: this.#path,
      reads: false,
      run: () => write(bytes),
      half: () => write(bytes.subarray(0, bytes.length / 2)),
    })
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#call('truncate', false, () => {
      this.#disk.truncate(this.#file, sizeBytes, this.#path)
    })
  }

  async sync(): Promise<void> {
    let ran = false
    try {
      await this.#call('sync', false, () => {
        ran = true
        this.#file.sync()
      })
    } catch (error) {
      // The disk's own errors have a code. Others come from a process that died before the call.
      if (!ran && errorCode(error) !== '') this.#file.forget()
      throw error
    }
  }

  stat(): Promise<FileStat> {
    return this.#call('fstat', true, () => memoryStat(this.#file))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #call<Result>(method: string, reads: boolean, run: () => Result): Promise<Result> {
    return this.#disk.call({
      method,
      about: this.#path,
      reads,
      run: async () => {
        this.#assertAllows(method)
        return run()
      },
    })
  }

  #assertAllows(method: string): void {
    if (this.#closed || REFUSED[this.#mode].includes(method)) {
      throw diskError('EBADF', method, this.#path)
    }
  }
}

const REFUSED: Readonly<Record<OpenMode, readonly string[]>> = {
  read: ['append', 'write', 'truncate'],
  append: ['write'],
  create: ['write'],
  overwrite: ['append'],
}

export function memoryStat(node: MemoryNode): FileStat {
  const isFile = node instanceof MemoryFile
  return {
    sizeBytes: isFile ? node.sizeBytes : 0,
    modifiedMs: isFile ? node.modifiedMs : 0,
    fileId: `memory:${node.id}`,
    isDirectory: !isFile,
  }
}
