import { type BigIntStats, constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorCode } from './directory-error.ts'
import type { FileHandle, FileStat, FileSystem } from './file-system.ts'

/** The machine's disk. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return new NodeFileHandle(await fs.open(path, OPEN_FLAGS[mode]))
  },
  async readFile(path) {
    const content = await fs.readFile(path)
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
  },
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  async makeDirectory(path) {
    const first = await fs.mkdir(path, { recursive: true })
    if (first === undefined) return
    const top = dirname(resolve(first))
    for (let parent = dirname(resolve(path)); ; parent = dirname(parent)) {
      await syncDirectory(parent)
      if (parent === top || parent === dirname(parent)) return
    }
  },
  removeDirectory: (path) => fs.rmdir(path),
  readDirectory: (path) => fs.readdir(path),
  async stat(path) {
    return fileStat(await fs.stat(path, { bigint: true }))
  },
  syncDirectory,
}

async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await fs.open(path, constants.O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!REFUSED.has(errorCode(error))) throw error
  }
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = constants

/** `O_APPEND`, since the position of a handle would be wrong after `truncate`. */
const OPEN_FLAGS = {
  read: O_RDONLY,
  append: O_RDWR | O_APPEND | O_CREAT,
  create: O_RDWR | O_APPEND | O_CREAT | O_EXCL,
  // Without `O_APPEND`: Linux would ignore the position and append.
  overwrite: O_RDWR,
}

/**
 * Windows can't open a directory as a file, and some network file systems refuse to sync one. Both
 * keep names in a log of their own; there is nothing more that a program could do.
 */
const REFUSED: ReadonlySet<string> = new Set(['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'])

class NodeFileHandle implements FileHandle {
  readonly #handle: fs.FileHandle

  constructor(handle: fs.FileHandle) {
    this.#handle = handle
  }

  async read(positionBytes: number, lengthBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(lengthBytes)
    let done = 0
    while (done < lengthBytes) {
      const { bytesRead } = await this.#handle.read(
        bytes,
        done,
        lengthBytes - done,
        positionBytes + done,
      )
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#writeAll(bytes, null)
  }

  async write(positionBytes: number, bytes: Uint8Array): Promise<void> {
    await this.#writeAll(bytes, positionBytes)
  }

  /** The system may write less than it was given, so the rest is given again. */
  async #writeAll(bytes: Uint8Array, positionBytes: number | null): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const at = positionBytes === null ? null : positionBytes + done
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at)
      if (bytesWritten === 0) throw Object.assign(new Error('write made no progress'), NO_PROGRESS)
      done += bytesWritten
    }
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#handle.truncate(sizeBytes)
  }

  async sync(): Promise<void> {
    await this.#handle.sync()
  }

  async stat(): Promise<FileStat> {
    return fileStat(await this.#handle.stat({ bigint: true }))
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

const NO_PROGRESS = { code: 'EIO', syscall: 'write' }

function fileStat(stats: BigIntStats): FileStat {
  return {
    sizeBytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeMs),
    // As bigints: inode numbers of 64 bits don't fit into a number (NTFS, some network drives).
    fileId: `${stats.dev}:${stats.ino}`,
    isDirectory: stats.isDirectory(),
  }
}
