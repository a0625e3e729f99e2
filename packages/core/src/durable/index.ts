export { AppendOnlyLog, type AppendOnlyLogOptions } from './append-only-log.ts'
export { sweepTemporaries, temporaryPath, writeFileAtomically } from './atomic-write.ts'
export type { Clock } from './clock.ts'
export { crc32c } from './crc32c.ts'
export { type DirectoryErrorOptions, directoryError, errorCode } from './directory-error.ts'
export {
  type AcquireOptions,
  DirectoryLock,
  type DirectoryLockOptions,
  type HeldLock,
} from './directory-lock.ts'
export type { FileHandle, FileStat, FileSystem } from './file-system.ts'
export type { LogFrame } from './frame-reader.ts'
export type { LogFileOptions } from './log-file.ts'
export { nextTurn } from './next-turn.ts'
export { nodeFileSystem } from './node-file-system.ts'
export type { ProcessIdentity, ProcessTable } from './process-table.ts'
export type { Random } from './random.ts'
export { systemClock } from './system-clock.ts'
export { systemProcessTable } from './system-process-table.ts'
export { systemRandom } from './system-random.ts'
export { uuidV7 } from './uuid-v7.ts'
