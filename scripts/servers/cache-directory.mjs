import { randomUUID } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** Longer than any install takes, so that what is older was left by a process that was killed. */
const ABANDONED_AFTER_MS = 3_600_000

/** Where downloaded servers are kept between runs: `HOLDFAST_CACHE`, or the user's cache directory. */
export function cacheDirectory() {
  const { HOLDFAST_CACHE: own, XDG_CACHE_HOME: shared } = process.env
  if (own) return own
  return join(shared || join(homedir(), '.cache'), 'holdfast')
}

/**
 * Makes `directory` by filling a directory beside it and renaming that one when it is complete.
 * Whoever sees `directory` may use it: a killed install leaves only what is never looked at.
 * Two processes may do this at once; the second one throws its work away and takes the first's.
 *
 * @param {string} directory
 * @param {(partial: string) => Promise<void>} fill
 */
export async function makeComplete(directory, fill) {
  if (existsSync(directory)) return
  await mkdir(dirname(directory), { recursive: true })
  await removeAbandoned(directory)
  const partial = `${directory}.partial-${randomUUID()}`
  await mkdir(partial)
  const removePartial = () => rmSync(partial, { recursive: true, force: true })
  process.once('exit', removePartial)
  try {
    await fill(partial)
    await rename(partial, directory).catch((error) => {
      if (!existsSync(directory)) throw error
    })
  } finally {
    process.off('exit', removePartial)
    await rm(partial, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** @param {string} directory */
async function removeAbandoned(directory) {
  const parent = dirname(directory)
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(directory)}.partial-`)) continue
    const path = join(parent, name)
    const status = await stat(path).catch(() => undefined)
    if (status === undefined || Date.now() - status.mtimeMs < ABANDONED_AFTER_MS) continue
    await rm(path, { recursive: true, force: true })
  }
}
