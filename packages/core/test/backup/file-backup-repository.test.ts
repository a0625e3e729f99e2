import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileBackupRepository } from '../../src/backup/file-backup-repository.ts'
import { encodeManifestFile } from '../../src/backup/manifest-file.ts'
import type { FileSystem } from '../../src/durable/file-system.ts'
import { BACKUP_FRAME_BYTES, BACKUP_FRAME_BYTES_MAX } from '../../src/model/limits.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import {
  collect,
  contentIn,
  contentOf,
  inMemory,
  listIds,
  onDisk,
  overwrite,
  recordsOf,
  repositoryIn,
  stream,
  write,
} from './repository-on.ts'

describe('FileBackupRepository', () => {
  describe('ids', () => {
    it('refuses ids that lead elsewhere, as mistakes of the program', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      const wrong: readonly unknown[] = [
        '',
        '.',
        '..',
        '.hidden',
        '../b1',
        'a/b',
        'a\\b',
        'a b',
        'a\u0000',
        'é',
        'C:',
        'x'.repeat(129),
        undefined,
        7,
      ]
      for (const id of wrong as readonly string[]) {
        await expect(write(repository, id, [])).rejects.toThrow(TypeError)
        await expect(repository.get(id)).rejects.toThrow(TypeError)
        await expect(collect(repository.read(id))).rejects.toThrow(TypeError)
        await expect(repository.delete(id)).rejects.toThrow(TypeError)
      }
      expect(await place.fileSystem.readDirectory(place.directory)).toEqual([])
    })

    it('tells backups apart whose ids look like its files', async () => {
      const repository = await repositoryIn(await inMemory())
      const ids = ['a', 'a.json', 'a.records', 'a.records.0123456789abcdef', 'a.json.json']
      for (const [index, id] of ids.entries()) {
        await write(repository, id, [{ records: recordsOf(1, index) }])
      }
      expect(await listIds(repository)).toEqual([...ids].sort())
      expect(await repository.sweep(() => false)).toEqual([])
      for (const [index, id] of ids.entries()) {
        const expected = contentIn([{ records: recordsOf(1, index) }])
        expect(await contentOf(repository, id)).toEqual(expected)
      }
      await repository.delete('a')
      expect(await listIds(repository)).toEqual(ids.slice(1).sort())
    })

    it('refuses an id that the file system can not tell from another one', async () => {
      const { fileSystem, directory } = await inMemory()
      const blind = ignoringCase(fileSystem)
      const place = { fileSystem: blind, directory, remove: async () => {} }
      const repository = await repositoryIn(place)
      await write(repository, 'backup', [{ records: recordsOf(2) }])
      const refused = { code: 'DIRECTORY_UNUSABLE', outcome: 'unchanged' }
      await expect(write(repository, 'BACKUP', [])).rejects.toMatchObject(refused)
      await expect(repository.delete('BACKUP')).rejects.toMatchObject(refused)
      expect(await contentOf(repository, 'backup')).toEqual(contentIn([{ records: recordsOf(2) }]))
    })

    it('leaves files alone that are not its own', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      const strangers = ['notes.txt', '.json', 'a b.json', '.x.json', 'a.records.1', 'readme']
      for (const name of strangers) {
        const handle = await place.fileSystem.open(join(place.directory, name), 'create')
        await handle.close()
      }
      expect(await listIds(repository)).toEqual([])
      expect(await repository.sweep(() => false)).toEqual([])
      expect([...(await place.fileSystem.readDirectory(place.directory))].sort()).toEqual(
        [...strangers].sort(),
      )
    })
  })

  describe('writing', () => {
    it('syncs the records once, however many batches there are, and before the manifest', async () => {
      const calls: string[] = []
      const fileSystem = new MemoryFileSystem({
        onCall: (call) => {
          if (!call.reads && call.method !== 'append')
            calls.push(`${call.method} ${kindOf(call.about)}`)
          return call.run()
        },
      })
      const repository = await repositoryIn(await inMemory(fileSystem))
      calls.length = 0
      const batches = Array.from({ length: 20 }, (_, index) => ({
        records: recordsOf(5, index * 5),
      }))
      await write(repository, 'b1', batches)
      expect(calls).toEqual([
        'open records',
        'sync records',
        'syncDirectory directory',
        'open temporary',
        'sync temporary',
        'rename temporary',
        'syncDirectory directory',
      ])
    })

    it('removes the records that it has replaced', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      for (let round = 0; round < 3; round++) {
        await write(repository, 'b1', [{ records: recordsOf(round) }])
        expect(await place.fileSystem.readDirectory(place.directory)).toHaveLength(2)
      }
      await repository.delete('b1')
      expect(await place.fileSystem.readDirectory(place.directory)).toEqual([])
    })

    it('goes on reading a backup that is replaced or deleted meanwhile', async () => {
      for (const makePlace of [inMemory, onDisk]) {
        const place = await makePlace()
        const repository = await repositoryIn(place)
        const batches = [1, 2, 3].map((from) => ({ records: wideRecordsOf(1, from) }))
        for (const end of ['replace', 'delete'] as const) {
          await write(repository, 'b1', batches)
          const read: VectorRecord[] = []
          for await (const { records } of repository.read('b1')) {
            if (read.length === 0) {
              await (end === 'delete' ? repository.delete('b1') : write(repository, 'b1', []))
            }
            read.push(...records)
          }
          expect(contentIn([{ records: read }])).toEqual(contentIn(batches))
        }
        await place.remove()
      }
    })

    it('reads the new backup when the old one goes away just before it is opened', async () => {
      const { fileSystem, directory } = await inMemory()
      const repository = await repositoryIn({ fileSystem, directory, remove: async () => {} })
      await write(repository, 'b1', [{ records: recordsOf(1) }])
      let replaced = false
      fileSystem.onCall = async (call) => {
        if (call.method === 'open' && call.reads && !replaced) {
          replaced = true
          await write(repository, 'b1', [{ records: recordsOf(2) }])
        }
        return call.run()
      }
      expect(await contentOf(repository, 'b1')).toEqual(contentIn([{ records: recordsOf(2) }]))
      replaced = false
      fileSystem.onCall = async (call) => {
        if (call.method === 'open' && call.reads && !replaced) {
          replaced = true
          await repository.delete('b1')
        }
        return call.run()
      }
      await expect(contentOf(repository, 'b1')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
    })

    it('keeps one of two backups that are written under one id at once, whole', async () => {
      const place = await inMemory()
      const repositories = [await repositoryIn(place, 1), await repositoryIn(place, 2)]
      await write(repositories[0] as FileBackupRepository, 'b1', [{ records: recordsOf(1) }])
      await Promise.all(
        repositories.map((repository, index) =>
          write(repository, 'b1', [{ records: recordsOf(5, index * 100) }]),
        ),
      )
      const repository = await repositoryIn(place, 3)
      const candidates = [0, 100].map((from) => contentIn([{ records: recordsOf(5, from) }]))
      expect(candidates).toContainEqual(await contentOf(repository, 'b1'))
      await repository.sweep(() => false)
      expect(candidates).toContainEqual(await contentOf(repository, 'b1'))
      expect(await place.fileSystem.readDirectory(place.directory)).toHaveLength(2)
    })

    it('keeps vectors of different lengths, and explicit undefined as absent', async () => {
      const repository = await repositoryIn(await inMemory())
      const records: VectorRecord[] = [
        { id: 'a', vector: Float32Array.of(1, 2, 3) },
        { id: 'b', vector: new Float32Array(0) },
        { id: 'c', vector: Float32Array.of(4), metadata: undefined, text: undefined } as never,
      ]
      await write(repository, 'b1', [{ records }])
      const [batch] = await collect(repository.read('b1'))
      expect(batch?.records).toEqual([
        { id: 'a', vector: Float32Array.of(1, 2, 3) },
        { id: 'b', vector: new Float32Array(0) },
        { id: 'c', vector: Float32Array.of(4) },
      ])
    })

    it('gives every record a vector of its own', async () => {
      const repository = await repositoryIn(await inMemory())
      await write(repository, 'b1', [{ records: recordsOf(50) }])
      for await (const { records } of repository.read('b1')) {
        for (const { vector } of records) expect(vector.buffer.byteLength).toBe(vector.byteLength)
      }
    })

    it('cuts large batches into frames, so that reading takes little memory', async () => {
      const repository = await repositoryIn(await inMemory())
      const absentIds = Array.from({ length: 50_000 }, (_, index) => `absent id ${index}`)
      await write(repository, 'b1', [{ records: wideRecordsOf(200), absentIds }])
      const batches = await collect(repository.read('b1'))
      expect(batches.length).toBeGreaterThan(4)
      for (const { records } of batches) {
        const bytes = records.reduce((sum, { vector }) => sum + vector.byteLength, 0)
        expect(bytes).toBeLessThan(BACKUP_FRAME_BYTES + 20_000)
      }
      expect(contentIn(batches)).toEqual(contentIn([{ records: wideRecordsOf(200), absentIds }]))
    })

    it('lets the event loop have its turns', async () => {
      const repository = await repositoryIn(await inMemory())
      let turns = 0
      const timer = setInterval(() => turns++, 0)
      await write(repository, 'b1', [{ records: wideRecordsOf(2_000) }])
      const whileWriting = turns
      for await (const _ of repository.read('b1'));
      clearInterval(timer)
      expect(whileWriting).toBeGreaterThan(5)
    })

    it('asks for the next batch only when the one before is with the disk', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      let pending = 0
      let pendingMax = 0
      place.fileSystem.onCall = async (call) => {
        if (call.method !== 'append') return call.run()
        pendingMax = Math.max(pendingMax, ++pending)
        await new Promise((resolve) => setImmediate(resolve))
        pending--
        return call.run()
      }
      const batches = Array.from({ length: 5 }, (_, index) => ({
        records: wideRecordsOf(40, index),
      }))
      await write(repository, 'b1', batches)
      expect(pendingMax).toBe(1)
      expect(await contentOf(repository, 'b1')).toEqual(contentIn(batches))
    })

    it('stops within a large batch when aborted', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      const controller = new AbortController()
      let appends = 0
      place.fileSystem.onCall = (call) => {
        if (call.method === 'append' && ++appends === 3) controller.abort('enough')
        return call.run()
      }
      const batches = [{ records: wideRecordsOf(1_000) }]
      const writing = write(repository, 'b1', batches, { signal: controller.signal })
      await expect(writing).rejects.toBe('enough')
      expect(appends).toBeLessThan(6)
      expect(await place.fileSystem.readDirectory(place.directory)).toEqual([])
    })

    it('closes every file that it has opened, however the use of it ends', async () => {
      const memory = new MemoryFileSystem()
      let open = 0
      const fileSystem = watchingHandles(memory, (change) => {
        open += change
      })
      const place = { fileSystem, directory: '/data/backups', remove: async () => {} }
      const repository = await repositoryIn(place)
      const batches = [1, 2, 3].map((from) => ({ records: wideRecordsOf(1, from) }))
      await write(repository, 'b1', batches)
      await contentOf(repository, 'b1')
      for await (const _ of repository.read('b1')) break
      const stopped = async (): Promise<void> => {
        for await (const _ of repository.read('b1')) throw new Error('enough')
      }
      await expect(stopped()).rejects.toThrow('enough')
      async function* failing(): AsyncGenerator<{ records: VectorRecord[] }> {
        yield { records: recordsOf(1) }
        throw new Error('the store is away')
      }
      await expect(write(repository, 'b2', failing())).rejects.toThrow('the store is away')
      const names = await memory.readDirectory(place.directory)
      const path = join(place.directory, names.find((name) => name.includes('.records.')) as string)
      await overwrite(memory, path, (await memory.readFile(path)).fill(0, 100, 200))
      await expect(contentOf(repository, 'b1')).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' })
      expect(open).toBe(0)
    })

    it('refuses metadata that JSON would change, and a record that no frame can hold', async () => {
      const repository = await repositoryIn(await inMemory())
      const vector = Float32Array.of(1)
      const wrong = [{ a: Number.NaN }, { a: undefined }, { a: new Date(0) }, 'text'] as never[]
      for (const metadata of wrong) {
        const records = [{ id: 'r1', vector, metadata }]
        await expect(write(repository, 'b1', [{ records }])).rejects.toMatchObject({
          code: 'RECORD_INVALID',
          outcome: 'unchanged',
          details: { recordId: 'r1' },
        })
      }
      const large = [{ id: 'r1', vector: new Float32Array(BACKUP_FRAME_BYTES_MAX / 4) }]
      await expect(write(repository, 'b1', [{ records: large }])).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
        outcome: 'unchanged',
        details: { recordId: 'r1' },
      })
      const batches = stream([])
      const collection = { name: 'docs', metric: 'dot', metadata: { a: Number.NaN } } as const
      await expect(repository.write({ id: 'b1', collection, batches })).rejects.toThrow(TypeError)
      expect(await listIds(repository)).toEqual([])
    })

    it('keeps text that is no Unicode, since a store has it', async () => {
      const repository = await repositoryIn(await inMemory())
      const text = 'half \ud83d of a pair'
      const records = [{ id: `a\udc00`, vector: Float32Array.of(1), text, metadata: { text } }]
      await write(repository, 'b1', [{ records, absentIds: [text] }])
      expect(await contentOf(repository, 'b1')).toEqual(contentIn([{ records, absentIds: [text] }]))
    })
  })

  describe('sweeping', () => {
    it('removes what nobody names and nobody writes, and nothing else', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      await write(repository, 'kept', [{ records: recordsOf(3) }])
      await leaveBehind(place, ['dead.records.0123456789abcdef', 'kept.records.0123456789abcdef'])
      await leaveBehind(place, ['.dead.json.holdfast-tmp-0a1b', '.live.json.holdfast-tmp-0a1b'])
      await leaveBehind(place, ['live.records.0123456789abcdef'])
      const asked: string[] = []
      const swept = await repository.sweep(async (id) => {
        asked.push(id)
        return id === 'live'
      })
      expect([...swept].sort()).toEqual([
        '.dead.json.holdfast-tmp-0a1b',
        'dead.records.0123456789abcdef',
        'kept.records.0123456789abcdef',
      ])
      expect(new Set(asked)).toEqual(new Set(['dead', 'kept', 'live']))
      const left = await place.fileSystem.readDirectory(place.directory)
      expect(left.filter((name) => name.includes('live'))).toHaveLength(2)
      expect(await contentOf(repository, 'kept')).toEqual(contentIn([{ records: recordsOf(3) }]))
    })

    it('recognizes the temporaries of its own writes', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      let disk: MemoryFileSystem | undefined
      place.fileSystem.onCall = (call) => {
        if (call.method === 'rename') disk ??= place.fileSystem.processCrash()
        return call.run()
      }
      await write(repository, 'b1', [{ records: recordsOf(1) }])
      const after = await repositoryIn({ ...place, fileSystem: disk as MemoryFileSystem })
      expect(await disk?.readDirectory(place.directory)).toHaveLength(2)
      expect(await after.sweep(() => false)).toHaveLength(2)
      expect(await disk?.readDirectory(place.directory)).toEqual([])
    })

    it('asks who is live only after it has looked, and spares what appears later', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      await leaveBehind(place, ['dead.records.0123456789abcdef'])
      const swept = await repository.sweep(async () => {
        await leaveBehind(place, ['later.records.0123456789abcdef'])
        return false
      })
      expect(swept).toEqual(['dead.records.0123456789abcdef'])
      expect(await place.fileSystem.readDirectory(place.directory)).toEqual([
        'later.records.0123456789abcdef',
      ])
    })

    it('spares what this process is writing, whatever it is told', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      async function* batches(): AsyncGenerator<{ records: VectorRecord[] }> {
        yield { records: recordsOf(1) }
        expect(await repository.sweep(() => false)).toEqual([])
        yield { records: recordsOf(1, 1) }
      }
      await write(repository, 'b1', batches())
      expect(await contentOf(repository, 'b1')).toEqual(contentIn([{ records: recordsOf(2) }]))
    })

    it('spares the records of a manifest that it can not read', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      await write(repository, 'b1', [{ records: recordsOf(1) }])
      const manifest = join(place.directory, 'b1.json')
      await overwrite(place.fileSystem, manifest, Buffer.from('nonsense'))
      expect(await repository.sweep(() => false)).toEqual([])
      expect(await place.fileSystem.readDirectory(place.directory)).toHaveLength(2)
    })
  })

  describe('what it finds', () => {
    it('lists all that it can, then says what it can not read', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      for (const id of ['a', 'b', 'c']) await write(repository, id, [])
      const path = join(place.directory, 'b.json')
      await overwrite(place.fileSystem, path, Buffer.from('{}'))
      const listed: string[] = []
      const list = async (): Promise<void> => {
        for await (const { id } of repository.list()) listed.push(id)
      }
      await expect(list()).rejects.toMatchObject({ code: 'BACKUP_DAMAGED', details: { path } })
      expect(listed.sort()).toEqual(['a', 'c'])
      await expect(repository.get('b')).rejects.toThrow(path)
      await repository.delete('b')
      expect(await listIds(repository)).toEqual(['a', 'c'])
    })

    it('says which file is missing', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      await write(repository, 'b1', [{ records: recordsOf(1) }])
      const name = (await place.fileSystem.readDirectory(place.directory)).find((one) =>
        one.includes('.records.'),
      ) as string
      await place.fileSystem.unlink(join(place.directory, name))
      const reading = contentOf(repository, 'b1')
      await expect(reading).rejects.toMatchObject({ code: 'BACKUP_DAMAGED', outcome: 'unchanged' })
      await expect(reading).rejects.toThrow(name)
    })

    it('does not pretend to understand what a later version has written', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      const info = await write(repository, 'b1', [])
      const later = encodeManifestFile({ info: { ...info, format: 2 } as never, recordsFile: 'x' })
      await overwrite(place.fileSystem, join(place.directory, 'b1.json'), later)
      const newer = { code: 'JOURNAL_VERSION_NEWER', outcome: 'unchanged' }
      await expect(repository.get('b1')).rejects.toMatchObject(newer)
      await expect(write(repository, 'b1', [])).rejects.toMatchObject(newer)
      await expect(repository.delete('b1')).rejects.toMatchObject(newer)
    })
  })

  describe('closing', () => {
    it('waits for what is being written, and refuses what comes after', async () => {
      const place = await inMemory()
      const repository = await repositoryIn(place)
      let go = (): void => {}
      const held = new Promise<void>((resolve) => {
        go = resolve
      })
      async function* batches(): AsyncGenerator<{ records: VectorRecord[] }> {
        await held
        yield { records: recordsOf(1) }
      }
      const writing = write(repository, 'b1', batches())
      let closed = false
      const closing = repository[Symbol.asyncDispose]().then(() => {
        closed = true
      })
      await new Promise((resolve) => setImmediate(resolve))
      expect(closed).toBe(false)
      const refused = { code: 'MANAGER_CLOSED', outcome: 'unchanged' }
      await expect(write(repository, 'b2', [])).rejects.toMatchObject(refused)
      await expect(repository.get('b1')).rejects.toMatchObject(refused)
      await expect(collect(repository.read('b1'))).rejects.toMatchObject(refused)
      await expect(collect(repository.list())).rejects.toMatchObject(refused)
      await expect(repository.delete('b1')).rejects.toMatchObject(refused)
      await expect(repository.sweep(() => false)).rejects.toMatchObject(refused)
      go()
      await Promise.all([writing, closing])
      expect(await listIds(await repositoryIn(place))).toEqual(['b1'])
    })
  })

  it('says why it can not use a directory', async () => {
    const { fileSystem, directory } = await inMemory()
    fileSystem.readOnly = true
    const opening = FileBackupRepository.open({
      fileSystem,
      directory,
      clock: new SimulatedClock(),
      random: new SeededRandom(1),
    })
    await expect(opening).rejects.toMatchObject({
      code: 'DIRECTORY_UNUSABLE',
      outcome: 'unchanged',
    })
    await expect(opening).rejects.toThrow(/read-only/)
  })

  it('makes durable what a process that died has put in place', async () => {
    const place = await inMemory()
    let disk: MemoryFileSystem | undefined
    place.fileSystem.onCall = async (call) => {
      const result = await call.run()
      if (call.method === 'rename') disk = place.fileSystem.processCrash()
      return result
    }
    await write(await repositoryIn(place), 'b1', [{ records: recordsOf(2) }])
    const survivor = { ...place, fileSystem: disk as MemoryFileSystem }
    expect(await listIds(await repositoryIn(survivor))).toEqual(['b1'])
    const afterPowerCut = { ...place, fileSystem: survivor.fileSystem.crash({ keep: 'none' }) }
    expect(await listIds(await repositoryIn(afterPowerCut))).toEqual(['b1'])
  })

  it('needs no chance of its own', async () => {
    const { fileSystem, directory } = await inMemory()
    await fileSystem.makeDirectory(directory)
    const clock = new SimulatedClock()
    const repository = await FileBackupRepository.open({ fileSystem, directory, clock })
    const info = await write(repository, 'b1', [{ records: recordsOf(1) }])
    expect(info.takenAt).toBe(clock.now())
  })
})

function wideRecordsOf(count: number, from = 0): VectorRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `wide ${from + index}`,
    vector: new Float32Array(4_000).fill(from + index),
  }))
}

function kindOf(path: string): string {
  if (path.includes('holdfast-tmp')) return 'temporary'
  return path.includes('.records.') ? 'records' : 'directory'
}

async function leaveBehind(
  { fileSystem, directory }: { readonly fileSystem: FileSystem; readonly directory: string },
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    const handle = await fileSystem.open(join(directory, name), 'append')
    await handle.append(Buffer.from('half a'))
    await handle.close()
  }
}

/** Tells +1 for each file that is opened and -1 for each that is closed. */
function watchingHandles(inner: FileSystem, tell: (change: 1 | -1) => void): FileSystem {
  return delegating(inner, {
    async open(path, mode) {
      const handle = await inner.open(path, mode)
      tell(1)
      return new Proxy(handle, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target)
          if (typeof value !== 'function') return value
          if (name === 'close') tell(-1)
          return value.bind(target)
        },
      })
    },
  })
}

/** A file system that does not tell upper from lower case, as those of Windows and macOS. */
function ignoringCase(inner: FileSystem): FileSystem {
  const lower = (path: string): string => path.toLowerCase()
  return delegating(inner, {
    open: (path, mode) => inner.open(lower(path), mode),
    readFile: (path) => inner.readFile(lower(path)),
    rename: (from, to) => inner.rename(lower(from), lower(to)),
    unlink: (path) => inner.unlink(lower(path)),
  })
}

function delegating(inner: FileSystem, changes: Partial<FileSystem>): FileSystem {
  return new Proxy(inner, {
    get(target, name) {
      const changed = changes[name as keyof FileSystem]
      if (changed !== undefined) return changed
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
