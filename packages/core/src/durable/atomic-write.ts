import { basename, dirname, join } from 'node:path'
import { errorCode } from './directory-error.ts'
import type { FileSystem } from './file-system.ts'
import type { Random } from './random.ts'
import { systemRandom } from './system-random.ts'

/** Part of the name of everything that is not yet finished. */
const TEMPORARY = '.holdfast-tmp-'

/**
 * Writes a whole file: after a crash at any moment the name leads to the old content or to the
 * new one, complete. Durable when it resolves. When it rejects, the file is the old one, or, where
 * only the last sync failed, the new one. Errors are those of the file system.
 */
export async function writeFileAtomically(
  fs: FileSystem,
  path: string,
  bytes: Uint8Array,
  random: Random = systemRandom,
): Promise<void> {
  const temporary = temporaryPath(path, random)
  try {
    const handle = await fs.open(temporary, 'create')
    try {
      await handle.append(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.rename(temporary, path)
  } catch (error) {
    // What can't be removed now is found by its name later; the first error is the one to tell.
    await fs.unlink(temporary).catch(() => {})
    throw error
  }
  await fs.syncDirectory(dirname(path))
}

/** A name beside `path` that nobody else uses and that `sweepTemporaries` recognizes. */
export function temporaryPath(path: string, random: Random = systemRandom): string {
  const unique = Buffer.from(random.bytes(12)).toString('hex')
  return join(dirname(path), `.${basename(path)}${TEMPORARY}${unique}`)
}

/**
 * Removes what crashed writers left in `directory`, and tells the names. Hold the lock of the
 * directory meanwhile: the temporaries of a writer that is alive look the same.
 */
export async function sweepTemporaries(
  fs: FileSystem,
  directory: string,
): Promise<readonly string[]> {
  const swept: string[] = []
  for (const name of await fs.readDirectory(directory)) {
    if (!name.startsWith('.') || !name.includes(TEMPORARY)) continue
    if (await removed(fs, join(directory, name))) swept.push(name)
  }
  return swept
}

/** Temporaries are files, or directories with nothing but files. */
async function removed(fs: FileSystem, path: string): Promise<boolean> {
  try {
    if (!(await fs.stat(path)).isDirectory) {
      await fs.unlink(path)
      return true
    }
    for (const name of await fs.readDirectory(path)) await fs.unlink(join(path, name))
    await fs.removeDirectory(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
