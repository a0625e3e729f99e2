/** An error as Node's `fs` throws it on Linux. */
export function diskError(code: keyof typeof TEXTS, syscall: string, path: string): Error {
  const error = new Error(`${code}: ${TEXTS[code]}, ${syscall} '${path}'`)
  return Object.assign(error, { code, syscall, path })
}

const TEXTS = {
  EBADF: 'bad file descriptor',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EROFS: 'read-only file system',
}
