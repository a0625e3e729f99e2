import { basename, dirname, resolve } from 'node:path/posix'
import type { Clock } from '../durable/clock.ts'
import type { FileHandle, FileStat, FileSystem } from '../durable/file-system.ts'
import { systemClock } from '../durable/system-clock.ts'
import { diskError } from './memory-disk-error.ts'
import {
  type MemoryCall,
  type MemoryDisk,
  MemoryFileHandle,
  memoryStat,
  type OpenMode,
} from './memory-file-handle.ts'
import { MemoryFile, type Survival } from './memory-node.ts'
import { type MemoryDirectory, MemoryTree } from './memory-tree.ts'

export interface MemoryFileSystemOptions {
  /** Gives files their times. Default: the machine's clock. */
  readonly clock?: Clock
  /** Sum of the sizes of all files above which writes fail with `ENOSPC`. Default: no limit. */
  readonly capacityBytes?: number
  /** Every call passes through it: a place to fail, to wait, or to count. Default: just runs. */
  readonly onCall?: <Result>(call: MemoryCall<Result>) => Promise<Result>
}

/**
 * A disk in memory that forgets what was not synced: content becomes durable by `sync` of a handle,
 * names by `syncDirectory`, and `crash` shows what a machine finds after its power was cut. Paths
 * are absolute and use `/`. Errors carry the codes of Linux.
 */
export class MemoryFileSystem implements FileSystem {
  /** Sum of all sizes at which the disk is full. */
  capacityBytes: number
  /** Every change fails with `EROFS`. */
  readOnly = false
  /** See {@link MemoryFileSystemOptions.onCall}. */
  onCall: MemoryFileSystemOptions['onCall']
  readonly #clock: Clock
  #tree: MemoryTree = new MemoryTree()

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    this.onCall = options.onCall
  }

  /**
   * The disk after a power cut. Each append that was not synced may be there wholly, as a prefix,
   * with sectors of zeros in it, or not at all; each change of a name that was not synced may have
   * happened or not. `keep` decides for all of them, or else a seeded `random` for each. Of changes
   * of one name the earlier ones go first. This object stays as it was, for whoever holds it.
   */
  crash(options: { readonly keep: Survival }): MemoryFileSystem {
    return this.#with(this.#tree.afterPowerCut(options.keep))
  }

  /** The disk after the process died: everything is there, synced or not. A copy of its own. */
  processCrash(): MemoryFileSystem {
    return this.#with(this.#tree.copy())
  }

  #with(tree: MemoryTree): MemoryFileSystem {
    const { capacityBytes } = this
    const copy = new MemoryFileSystem({ clock: this.#clock, capacityBytes })
    copy.#tree = tree
    return copy
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    const file = await this.#call('open', path, mode === 'read', () => this.#open(path, mode))
    return new MemoryFileHandle({ disk: this.#disk(), file, path, mode })
  }

  #open(path: string, mode: OpenMode): MemoryFile {
    const { directory, name } = this.#place(path, 'open')
    const node = directory.entries.get(name)
    if (node === undefined) {
      if (mode === 'read' || mode === 'overwrite') throw diskError('ENOENT', 'open', path)
      const file = new MemoryFile(this.#tree.nextId(), this.#clock.now())
      this.#tree.change([{ directory, name, node: file }])
      return file
    }
    if (mode === 'create') throw diskError('EEXIST', 'open', path)
    if (!(node instanceof MemoryFile)) throw diskError('EISDIR', 'open', path)
    return node
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#call('readFile', path, true, () => {
      const file = this.#open(path, 'read')
      return file.read(0, file.sizeBytes)
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', from, false, () => {
      const source = this.#place(from, 'rename')
      const node = source.directory.entries.get(source.name)
      if (node === undefined) throw diskError('ENOENT', 'rename', from)
      const target = this.#place(to, 'rename')
      const replaced = target.directory.entries.get(target.name)
      if (replaced === node) return
      if (replaced !== undefined) {
        const isFile = replaced instanceof MemoryFile
        if (node instanceof MemoryFile && !isFile) throw diskError('EISDIR', 'rename', to)
        if (!(node instanceof MemoryFile) && isFile) throw diskError('ENOTDIR', 'rename', to)
        if (!isFile && replaced.entries.size > 0) throw diskError('ENOTEMPTY', 'rename', to)
      }
      this.#tree.change([
        { ...source, node: undefined },
        { ...target, node },
      ])
    })
  }

  unlink(path: string): Promise<void> {
    return this.#call('unlink', path, false, () => {
      const place = this.#place(path, 'unlink')
      const node = place.directory.entries.get(place.name)
      if (node === undefined) throw diskError('ENOENT', 'unlink', path)
      if (!(node instanceof MemoryFile)) throw diskError('EISDIR', 'unlink', path)
      this.#tree.change([{ ...place, node: undefined }])
    })
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call('makeDirectory', path, false, () => {
      if (!this.#tree.makeDirectory(parts(path))) throw diskError('EEXIST', 'mkdir', path)
    })
  }

  removeDirectory(path: string): Promise<void> {
    return this.#call('removeDirectory', path, false, () => {
      const place = this.#place(path, 'rmdir')
      const node = place.directory.entries.get(place.name)
      if (node === undefined) throw diskError('ENOENT', 'rmdir', path)
      if (node instanceof MemoryFile) throw diskError('ENOTDIR', 'rmdir', path)
      if (node.entries.size > 0) throw diskError('ENOTEMPTY', 'rmdir', path)
      this.#tree.change([{ ...place, node: undefined }])
    })
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.#call('readDirectory', path, true, () => [
      ...this.#directory(path, 'scandir').entries.keys(),
    ])
  }

  stat(path: string): Promise<FileStat> {
    return this.#call('stat', path, true, () => {
      if (parts(path).length === 0) return memoryStat(this.#tree.root)
      const { directory, name } = this.#place(path, 'stat')
      const node = directory.entries.get(name)
      if (node === undefined) throw diskError('ENOENT', 'stat', path)
      return memoryStat(node)
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call('syncDirectory', path, false, () => {
      this.#tree.sync(this.#directory(path, 'fsync'))
    })
  }

  /** Every call goes through the hook, those of handles too. */
  async #passOn<Result>(call: MemoryCall<Result>): Promise<Result> {
    return this.onCall === undefined ? call.run() : this.onCall(call)
  }

  #disk(): MemoryDisk {
    return {
      call: (call) => this.#passOn(call),
      write: (file, at, bytes, path) => this.#write(file, at, bytes, path),
      truncate: (file, sizeBytes, path) => {
        this.#assertWritable('ftruncate', path)
        file.truncate(sizeBytes)
        file.modifiedMs = this.#clock.now()
      },
    }
  }

  /** Writes what fits. */
  #write(file: MemoryFile, at: number, bytes: Uint8Array, path: string): void {
    this.#assertWritable('write', path)
    const isLimited = this.capacityBytes < Number.POSITIVE_INFINITY
    const freeBytes = isLimited ? this.capacityBytes - this.#tree.usedBytes() : bytes.length
    const fittingBytes = file.sizeBytes - at + Math.max(0, freeBytes)
    file.write(at, bytes.subarray(0, fittingBytes))
    file.modifiedMs = this.#clock.now()
    if (bytes.length > fittingBytes) throw diskError('ENOSPC', 'write', path)
  }

  #assertWritable(syscall: string, path: string): void {
    if (this.readOnly) throw diskError('EROFS', syscall, path)
  }

  #call<Result>(method: string, path: string, reads: boolean, run: () => Result): Promise<Result> {
    return this.#passOn({
      method,
      about: path,
      reads,
      run: async () => {
        if (!reads) this.#assertWritable(method, path)
        return run()
      },
    })
  }

  #place(path: string, syscall: string): { directory: MemoryDirectory; name: string } {
    if (parts(path).length === 0) throw diskError('EBUSY', syscall, path)
    return { directory: this.#directory(dirname(path), syscall, path), name: basename(path) }
  }

  #directory(path: string, syscall: string, about: string = path): MemoryDirectory {
    const node = this.#tree.find(parts(path))
    if (node === undefined) throw diskError('ENOENT', syscall, about)
    if (node instanceof MemoryFile) throw diskError('ENOTDIR', syscall, about)
    return node
  }
}

function parts(path: string): readonly string[] {
  if (!path.startsWith('/')) throw new TypeError(`A path must be absolute, not ${path}`)
  return resolve(path)
    .split('/')
    .filter((part) => part !== '')
}
