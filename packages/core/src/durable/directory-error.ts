import { HoldfastError, type Outcome } from '../model/errors.ts'

export interface DirectoryErrorOptions {
  readonly path: string
  /** What was tried, as in "could not <doing>". */
  readonly doing: string
  readonly cause: unknown
  readonly outcome: Outcome
  /** What else the caller must know or do, as a sentence. */
  readonly advice?: string
}

/** DIRECTORY_UNUSABLE for an error of the file system, with a sentence about its reason. */
export function directoryError(options: DirectoryErrorOptions): HoldfastError {
  const { path, doing, cause, outcome, advice } = options
  const code = errorCode(cause)
  const { reason, passes } = REASONS[code] ?? {
    reason: `the file system refused it (${code === '' ? 'no code' : code})`,
    passes: false,
  }
  const sentence = `Could not ${doing}: ${reason}.`
  return new HoldfastError(
    'DIRECTORY_UNUSABLE',
    advice === undefined ? sentence : `${sentence} ${advice}`,
    { outcome, retryable: passes, details: { path, reason: code }, cause },
  )
}

/** The `code` of an error of Node's, or an empty string. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** `passes`: it may well be over by itself, so that trying again makes sense. */
const REASONS: Readonly<
  Record<string, { readonly reason: string; readonly passes: boolean } | undefined>
> = {
  ENOSPC: { reason: 'the disk is full; free some space', passes: true },
  EDQUOT: { reason: 'the disk quota is used up; free some space', passes: true },
  EROFS: { reason: 'the file system is read-only', passes: false },
  EACCES: { reason: 'this user has no permission; check owner and mode', passes: false },
  EPERM: { reason: 'this user has no permission; check owner and mode', passes: false },
  EIO: { reason: 'the disk reported an error; check its health', passes: false },
  ENOENT: { reason: 'it is gone; check that nobody removes files from it', passes: false },
  ENOTDIR: { reason: 'a part of the path is not a directory', passes: false },
  EISDIR: { reason: 'it is a directory and not a file', passes: false },
  EMFILE: { reason: 'this process has too many open files', passes: true },
  ENFILE: { reason: 'this machine has too many open files', passes: true },
  EBUSY: { reason: 'another program is using it', passes: true },
}
