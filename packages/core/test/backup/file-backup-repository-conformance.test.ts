import { join } from 'node:path'
import { describe, it } from 'vitest'
import { describeBackupRepository } from '../../src/testing/describe-backup-repository.ts'
import type { OpenBackupRepository } from '../../src/testing/open-backup-repository.ts'
import { inMemory, onDisk, overwrite, type Place, repositoryIn } from './repository-on.ts'

for (const [name, makePlace] of [
  ['on a disk in memory', inMemory],
  ['on a real disk', onDisk],
] as const) {
  describeBackupRepository({
    name: `FileBackupRepository ${name}`,
    runner: { describe, it, itFails: it.fails },
    open: () => openIn(makePlace),
  })
}

async function openIn(makePlace: () => Promise<Place>): Promise<OpenBackupRepository> {
  const place = await makePlace()
  let seed = 1
  return {
    repository: await repositoryIn(place),
    openAnother: () => repositoryIn(place, ++seed),
    damage: (id, how) => damage(place, id, how),
    close: () => place.remove(),
  }
}

async function damage(
  { fileSystem, directory }: Place,
  id: string,
  how: 'flip' | 'cut',
): Promise<void> {
  const names = await fileSystem.readDirectory(directory)
  const path = join(directory, names.find((name) => name.startsWith(`${id}.records.`)) as string)
  const bytes = await fileSystem.readFile(path)
  const middle = bytes.length >> 1
  if (how === 'flip') bytes[middle] = (bytes[middle] as number) ^ 1
  await overwrite(fileSystem, path, how === 'cut' ? bytes.subarray(0, middle) : bytes)
}
