import { createHash, randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { errorCode } from './directory-error.ts'
import type { ProcessIdentity, ProcessTable } from './process-table.ts'

/**
 * The machine's processes. On Linux a process is known by its number and its start time
 * (`/proc/<pid>/stat`), within one boot, one name space of process numbers (containers have their
 * own) and one of time (start times differ between those). Elsewhere there is no start time at hand,
 * so a number that is in use may be that of a later process: `unknown`.
 *
 * Virtual machines that were started from one snapshot of a running one look like one machine. They
 * must not share a directory.
 */
export const systemProcessTable: ProcessTable = {
  self: () => {
    ownIdentity ??= readOwnIdentity()
    return ownIdentity
  },

  async lookUp(process) {
    const own = await this.self()
    if (process.place !== own.place) return 'unknown'
    if (process.pid === own.pid) return process.startedAt === own.startedAt ? 'alive' : 'dead'
    const stat = await readStat(process.pid)
    if (stat === undefined) return exists(process.pid) ? 'unknown' : 'dead'
    return stat.startedAt !== process.startedAt || stat.hasEnded ? 'dead' : 'alive'
  },
}

let ownIdentity: Promise<ProcessIdentity> | undefined

async function readOwnIdentity(): Promise<ProcessIdentity> {
  const { pid } = process
  const stat = await readStat(pid)
  return {
    pid,
    startedAt: stat?.startedAt ?? '0',
    place: createHash('sha256')
      .update(await placeName())
      .digest('hex')
      .slice(0, 16),
    host: hostname(),
  }
}

async function placeName(): Promise<string> {
  if (process.platform !== 'linux') {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    const physical = new Set(addresses.map(({ mac }) => mac))
    return JSON.stringify([process.platform, hostname(), [...physical].sort()])
  }
  try {
    return JSON.stringify([
      await readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
      await readlink('/proc/self/ns/pid'),
      // Kernels before 5.6 have only one.
      await readlink('/proc/self/ns/time').catch(() => ''),
    ])
  } catch {
    // Nobody can look us up then, nor we anybody.
    return randomUUID()
  }
}

interface ProcessStat {
  readonly startedAt: string
  readonly hasEnded: boolean
}

/** `undefined` when there is no such process, or when it may not be seen. See proc_pid_stat(5). */
async function readStat(pid: number): Promise<ProcessStat | undefined> {
  if (process.platform !== 'linux') return undefined
  let text: string
  try {
    text = await readFile(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the program's name in brackets, and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, threadCount, startedAt] = [fields[0], Number(fields[17]), fields[19]]
  if (startedAt === undefined) return undefined
  // One that was killed stays listed until its parent has asked how it ended. While it has other
  // threads one of them may still be in the middle of a write.
  const hasEnded = (state === 'Z' || state === 'X') && threadCount <= 1
  return { startedAt, hasEnded }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}
