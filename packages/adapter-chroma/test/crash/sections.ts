import { appendFile, readFile } from 'node:fs/promises'

/**
 * Workers append to one file when they begin and end an operation, and before each change of the
 * store, all of it under their lease. In the order of its lines no process may begin or change
 * anything while another one is in the middle of something.
 */

/** To be called right before a worker is killed: what it was in the middle of ends there. */
export async function noteKill(file: string, pid: number): Promise<void> {
  await appendFile(file, `${pid} killed\n`)
}

/** Lines at which two processes were in the middle of something at once. */
export async function overlaps(file: string): Promise<readonly string[]> {
  const found: string[] = []
  const inside = new Map<string, Set<string>>()
  for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) {
    const [pid = '', what = '', operationId = ''] = line.split(' ')
    const own = inside.get(pid) ?? new Set()
    inside.set(pid, own)
    if (what === 'killed') own.clear()
    // Whoever recovers an operation ends it without having begun it.
    if (what === 'end') own.delete(operationId)
    if (what !== 'begin' && what !== 'effect') continue
    for (const [other, operations] of inside) {
      if (other === pid || operations.size === 0) continue
      found.push(`${line}, while ${other} was in ${[...operations].join(', ')}`)
    }
    if (what === 'begin') own.add(operationId)
  }
  return found
}
