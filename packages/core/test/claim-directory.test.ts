import { expect, it } from 'vitest'
import { openConsistencyManager } from '../src/consistency-manager.ts'
import type { FileHandle, FileSystem } from '../src/durable/file-system.ts'
import { CrashError } from '../src/testing/fault-plan.ts'
import { MemoryFileSystem } from '../src/testing/memory-file-system.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import { SimulatedClock } from '../src/testing/simulated-clock.ts'
import { Storage } from './operation/storage.ts'

const DIRECTORY = '/holdfast'
const clock = new SimulatedClock({ selfAdvancing: true })

async function openOn(storage: Storage, onCall?: MemoryFileSystem['onCall']): Promise<void> {
  const random = new SeededRandom(1)
  const { journal, backups } = await storage.open()
  storage.disk.onCall = onCall
  const parts = { fileSystem: storage.disk, clock, random, journal, backups }
  const manager = await openConsistencyManager({
    store: new MemoryStore(),
    directory: DIRECTORY,
    parts,
  })
  await manager.close()
}

it('a process that dies while it opens a directory for the first time leaves nothing behind', async () => {
  let effects = 0
  await openOn(new Storage(clock, new SeededRandom(1)), (call) => {
    if (!call.reads) effects++
    return call.run()
  })
  expect(effects).toBeGreaterThan(5)
  for (let at = 0; at < effects; at++) {
    const storage = new Storage(clock, new SeededRandom(1))
    let index = 0
    await openOn(storage, async (call) => {
      if (call.reads || index++ < at) return call.run()
      throw new CrashError('dead')
    }).catch(() => {})
    const next = storage.afterProcessDeath()
    await openOn(next)
    const names = await next.disk.readDirectory(DIRECTORY)
    expect(
      names.filter((name) => name.startsWith('.')),
      String(at),
    ).toEqual([])
    expect(names, String(at)).toContain('holdfast.json')
  }
})

it('an opening that fails half-way leaves no file open', async () => {
  const disk = new MemoryFileSystem({ clock })
  disk.onCall = async (call) => {
    const isClaim = call.method === 'rename' && /holdfast\.json/.test(String(call.about))
    if (isClaim) throw Object.assign(new Error('EIO: planned'), { code: 'EIO' })
    return call.run()
  }
  const open = new Set<FileHandle>()
  const parts = { fileSystem: watching(disk, open), clock }
  const opening = openConsistencyManager({ store: new MemoryStore(), directory: DIRECTORY, parts })
  await expect(opening).rejects.toMatchObject({ code: 'DIRECTORY_UNUSABLE' })
  expect(open.size).toBe(0)
})

/** The same disk; tells which handles were opened and not closed. */
function watching(disk: FileSystem, open: Set<FileHandle>): FileSystem {
  const watched = async (...args: Parameters<FileSystem['open']>): Promise<FileHandle> => {
    const handle = await disk.open(...args)
    open.add(handle)
    const close = handle.close.bind(handle)
    return Object.assign(handle, { close: () => close().finally(() => open.delete(handle)) })
  }
  return new Proxy(disk, {
    get(target, key) {
      const member: unknown = key === 'open' ? watched : Reflect.get(target, key, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
