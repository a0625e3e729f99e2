/**
 * The door to the disk. Everything that Holdfast keeps goes through it, so that tests can put a
 * disk behind it that fills up, fails half-way, or forgets what was not synced.
 *
 * Paths are absolute. Errors are Node's, with their `code` (`ENOENT`, `EEXIST`, `ENOSPC`, …).
 */
export interface FileSystem {
  /**
   * Opens a file. `read`: must exist. `append`: created when missing, reads too; writes go to the
   * end. `create`: the same, but must not exist (`EEXIST`). `overwrite`: must exist; for `write`.
   */
  open(path: string, mode: 'read' | 'append' | 'create' | 'overwrite'): Promise<FileHandle>
  /** The whole file. For small files only. */
  readFile(path: string): Promise<Uint8Array>
  /**
   * Atomic; replaces `to`. A directory replaces an empty one only, if the system can do that.
   * Durable after `syncDirectory` of the parent.
   */
  rename(from: string, to: string): Promise<void>
  /** @throws ENOENT when missing. */
  unlink(path: string): Promise<void>
  /** With its parents; no error when it exists. What it creates is durable when it resolves. */
  makeDirectory(path: string): Promise<void>
  /** Empty directories only. */
  removeDirectory(path: string): Promise<void>
  /** Names, not paths, in any order. */
  readDirectory(path: string): Promise<readonly string[]>
  stat(path: string): Promise<FileStat>
  /** Makes creations, renames and unlinks in this directory durable. */
  syncDirectory(path: string): Promise<void>
}

export interface FileStat {
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** The same as long as the name leads to the same file. */
  readonly fileId: string
  readonly isDirectory: boolean
}

export interface FileHandle {
  /** Reads up to `lengthBytes` at `positionBytes`; fewer only at the end of the file. */
  read(positionBytes: number, lengthBytes: number): Promise<Uint8Array>
  /** Writes all of `bytes` at the end of the file. A failure may leave any prefix of it. */
  append(bytes: Uint8Array): Promise<void>
  /** Writes all of `bytes` at `positionBytes`. Only for `overwrite`, the one mode that can do it. */
  write(positionBytes: number, bytes: Uint8Array): Promise<void>
  truncate(sizeBytes: number): Promise<void>
  /** Resolves when content and size would survive a power cut. */
  sync(): Promise<void>
  stat(): Promise<FileStat>
  close(): Promise<void>
}
