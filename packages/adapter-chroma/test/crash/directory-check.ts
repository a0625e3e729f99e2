import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { OperationRecord } from '@holdfast/core'

/** What is always there, and the sign of somebody who waits for the lock. */
const TOP = ['backups', 'holdfast.json', 'journal']
const JOURNAL = ['journal.log', 'lock', 'waiting']
const BACKUP_FILE = /^(.+)\.(?:json|records\.[0-9a-f]{16})$/

/**
 * What a directory holds that nobody needs any more, or lacks that somebody may ask for. Expects
 * that nothing is under way.
 */
export async function directoryFaults(
  directory: string,
  history: readonly OperationRecord[],
): Promise<readonly string[]> {
  const faults: string[] = []
  const surplus = async (path: string, known: readonly string[]): Promise<void> => {
    for (const name of await readdir(join(directory, path))) {
      if (!known.includes(name)) faults.push(`${join(path, name)} is left over`)
    }
  }
  await surplus('.', TOP)
  await surplus('journal', JOURNAL)
  const lock = await readdir(join(directory, 'journal', 'lock'))
  if (lock.length !== 1) faults.push(`the lock has ${lock.length} files`)

  const wanted = new Set(history.flatMap(keptBackups))
  const files = await readdir(join(directory, 'backups'))
  for (const name of files) {
    const id = BACKUP_FILE.exec(name)?.[1]
    if (id === undefined || !wanted.has(id)) faults.push(`backups/${name} is left over`)
  }
  for (const id of wanted) {
    const own = files.filter((name) => BACKUP_FILE.exec(name)?.[1] === id)
    if (own.length !== 2) faults.push(`backup ${id} has the files [${own.join(', ')}]`)
  }
  return faults
}

/** Whether nobody holds the lock of the directory. */
export async function isLockFree(directory: string): Promise<boolean> {
  const names = await readdir(join(directory, 'journal', 'lock'))
  return names.every((name) => name.includes('-free-'))
}

function keptBackups(operation: OperationRecord): readonly string[] {
  const { state, keepForMs = 0, checkpointDropped, checkpoint } = operation
  if (state !== 'committed' || keepForMs === 0 || checkpointDropped) return []
  return (checkpoint?.parts ?? []).flatMap(({ backupId }) => backupId ?? [])
}
