import { describe, expect, it } from 'vitest'
import type { BackupBatch } from '../../src/backup/backup-repository.ts'
import type { FileBackupRepository } from '../../src/backup/file-backup-repository.ts'
import type { HoldfastError } from '../../src/model/errors.ts'
import type { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import {
  type Content,
  contentIn,
  contentOf,
  inMemory,
  listIds,
  type Place,
  recordsOf,
  repositoryIn,
  write,
} from './repository-on.ts'

type Batches = readonly BackupBatch[]

const OLD: Batches = [{ records: recordsOf(3) }, { records: recordsOf(2, 3), absentIds: ['x'] }]
const NEW: Batches = [{ records: recordsOf(1, 50) }, { records: recordsOf(4, 60) }]
const OTHER: Batches = [{ records: [] }]

/** What may be found of each backup; `undefined`: that there is none. */
type Allowed = Readonly<Record<string, readonly (Content | undefined)[]>>

interface Step {
  readonly run: (repository: FileBackupRepository) => Promise<unknown>
  /** While it runs, and for ever when it fails. */
  readonly during: Allowed
  readonly after: Allowed
}

const steps: readonly Step[] = [
  {
    run: (repository) => write(repository, 'b1', OLD),
    during: { b1: [undefined, contentIn(OLD)] },
    after: { b1: [contentIn(OLD)] },
  },
  {
    run: (repository) => write(repository, 'b2', OTHER),
    during: { b2: [undefined, contentIn(OTHER)] },
    after: { b2: [contentIn(OTHER)] },
  },
  {
    run: (repository) => write(repository, 'b1', NEW),
    during: { b1: [contentIn(OLD), contentIn(NEW)] },
    after: { b1: [contentIn(NEW)] },
  },
  {
    run: (repository) => repository.delete('b1'),
    during: { b1: [contentIn(NEW), undefined] },
    after: { b1: [undefined] },
  },
  {
    run: (repository) => repository.delete('b2'),
    during: { b2: [contentIn(OTHER), undefined] },
    after: { b2: [undefined] },
  },
]

describe('a power cut', () => {
  it('leaves what is listed readable and true, at every effect on the disk', async () => {
    const place = await inMemory()
    const repository = await repositoryIn(place)
    const found: { disk: MemoryFileSystem; allowed: Allowed; where: string }[] = []
    let allowed: Allowed = {}
    const takePictures = (where: string): void => {
      const { fileSystem } = place
      const seeds = [1, 2, 3, 4].map((seed) => new SeededRandom(found.length * 10 + seed))
      for (const keep of ['none', 'all', ...seeds] as const) {
        found.push({ disk: fileSystem.crash({ keep }), allowed, where: `${where}, power cut` })
      }
      found.push({ disk: fileSystem.processCrash(), allowed, where: `${where}, kill` })
    }
    place.fileSystem.onCall = async (call) => {
      if (call.reads) return call.run()
      takePictures(`before ${call.method} ${call.about}`)
      const result = await call.run()
      takePictures(`after ${call.method} ${call.about}`)
      return result
    }
    for (const { run, during, after } of steps) {
      allowed = { ...allowed, ...during }
      await run(repository)
      allowed = { ...allowed, ...after }
      takePictures('at rest')
    }
    expect(found.length).toBeGreaterThan(300)
    for (const picture of found) await expectTrue({ ...place, fileSystem: picture.disk }, picture)
  })
})

describe('a disk that fails', () => {
  for (const [code, ways] of [
    ['ENOSPC', ['before', 'half']],
    ['EIO', ['before', 'half', 'after']],
    ['EROFS', ['before']],
  ] as const) {
    it(`with ${code}, at every effect, spoils nothing and says so`, async () => {
      const effects = await countEffects()
      expect(effects).toBeGreaterThan(30)
      for (let failing = 0; failing < effects; failing++) {
        for (const how of ways) {
          await failAt(failing, { code, how, persistent: false })
        }
        await failAt(failing, { code, how: 'before', persistent: true })
      }
    })
  }

  it('takes backups again as soon as there is room', async () => {
    for (let free = 0; free < 1_500; free += 25) {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      await write(repository, 'b1', OLD)
      const { fileSystem } = place
      fileSystem.capacityBytes = (await usedBytes(place)) + free
      const attempt = await write(repository, 'b1', NEW).then(
        () => 'written',
        (error: unknown) => error,
      )
      if (attempt !== 'written') {
        expect(attempt).toMatchObject({ code: 'DIRECTORY_UNUSABLE', outcome: 'unchanged' })
        expect(attempt).toMatchObject({ retryable: true, message: expect.stringMatching(/full/) })
        // Nothing is left lying about that would keep the disk full.
        expect(await fileSystem.readDirectory(place.directory)).toHaveLength(2)
        expect(await contentOf(repository, 'b1')).toEqual(contentIn(OLD))
      }
      fileSystem.capacityBytes = Number.POSITIVE_INFINITY
      await write(repository, 'b1', NEW)
      expect(await contentOf(repository, 'b1')).toEqual(contentIn(NEW))
      expect(await fileSystem.readDirectory(place.directory)).toHaveLength(2)
    }
  })
})

interface Failure {
  readonly code: string
  readonly how: 'before' | 'half' | 'after'
  /** Everything after it fails as well, so that nothing can be cleaned up. */
  readonly persistent: boolean
}

async function failAt(failing: number, failure: Failure): Promise<void> {
  const place = await inMemory()
  const repository = await repositoryIn(place)
  let effect = 0
  place.fileSystem.onCall = async (call) => {
    const index = call.reads ? -1 : effect++
    if (index === failing || (failure.persistent && index > failing)) {
      if (failure.how === 'half') await call.half?.()
      if (failure.how === 'after') await call.run()
      throw Object.assign(new Error('planned'), { code: failure.code })
    }
    return call.run()
  }
  const where = `${failure.code} ${failure.how} effect ${failing}`
  let allowed: Allowed = {}
  for (const { run, during, after } of steps) {
    const error = await run(repository).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) {
      allowed = { ...allowed, ...after }
      continue
    }
    expect(error, where).toMatchObject({ code: 'DIRECTORY_UNUSABLE' })
    // After `unchanged`, what was there before is there now, and nothing else.
    if ((error as HoldfastError).outcome !== 'unchanged') allowed = { ...allowed, ...during }
    if (failure.persistent) break
  }
  place.fileSystem.onCall = undefined
  for (const disk of [place.fileSystem.crash({ keep: 'none' }), place.fileSystem.processCrash()]) {
    await expectTrue({ ...place, fileSystem: disk }, { allowed, where })
  }
}

async function countEffects(): Promise<number> {
  const place = await inMemory()
  const repository = await repositoryIn(place)
  let effects = 0
  place.fileSystem.onCall = (call) => {
    if (!call.reads) effects++
    return call.run()
  }
  for (const { run } of steps) await run(repository)
  return effects
}

/** Every backup is one of those that may be found, and what is left over can be swept. */
async function expectTrue(
  place: Place,
  { allowed, where }: { readonly allowed: Allowed; readonly where: string },
): Promise<void> {
  const repository = await repositoryIn(place, 77)
  for (const sweep of [false, true]) {
    if (sweep) await repository.sweep(() => false)
    const listed = await listIds(repository)
    expect(Object.keys(allowed), where).toEqual(expect.arrayContaining(listed))
    for (const [id, contents] of Object.entries(allowed)) {
      const content = listed.includes(id) ? await contentOf(repository, id) : undefined
      expect(contents, `${where}: ${id}`).toContainEqual(content)
    }
    const names = await place.fileSystem.readDirectory(place.directory)
    if (sweep) expect(names, where).toHaveLength(2 * listed.length)
  }
  await write(repository, 'b1', NEW)
  expect(await contentOf(repository, 'b1'), where).toEqual(contentIn(NEW))
}

async function usedBytes({ fileSystem, directory }: Place): Promise<number> {
  let sum = 0
  for (const name of await fileSystem.readDirectory(directory)) {
    sum += (await fileSystem.stat(`${directory}/${name}`)).sizeBytes
  }
  return sum
}
