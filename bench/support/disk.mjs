import { rmSync } from 'node:fs'
import { cp, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What `statfs` says of a file system that is in memory only, where a sync costs nothing. */
const TMPFS = 0x01021994

/**
 * A directory on a disk, which goes with `remove` or with the process.
 *
 * @returns {Promise<{ readonly path: string, readonly remove: () => Promise<void> }>}
 */
export async function temporaryDirectory() {
  const isInMemory = (await statfs(tmpdir())).type === TMPFS
  const parent = isInMemory
    ? fileURLToPath(new URL('../../node_modules', import.meta.url))
    : tmpdir()
  const path = await mkdtemp(join(parent, 'holdfast-bench-'))
  const options = { recursive: true, force: true, maxRetries: 3 }
  const removeNow = () => rmSync(path, options)
  process.once('exit', removeNow)
  return {
    path,
    remove: async () => {
      process.off('exit', removeNow)
      await rm(path, options)
    },
  }
}

/**
 * Copies a file or directory and waits until it is on the disk: what the system would otherwise
 * write during the measurement that comes next would be counted as part of it.
 *
 * @param {string} from
 * @param {string} to
 */
export async function copyDurably(from, to) {
  await cp(from, to, { recursive: true })
  await sync(to)
}

/** @param {string} path */
async function sync(path) {
  const handle = await open(path, 'r')
  try {
    const isDirectory = (await handle.stat()).isDirectory()
    if (isDirectory) for (const name of await readdir(path)) await sync(join(path, name))
    await handle.sync()
  } finally {
    await handle.close()
  }
}
