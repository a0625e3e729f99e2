import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FileBackupRepository } from '../../src/backup/file-backup-repository.ts'
import { isHoldfastError } from '../../src/model/errors.ts'
import type { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import {
  type Content,
  collect,
  contentIn,
  contentOf,
  inMemory,
  overwrite,
  type Place,
  recordsOf,
  repositoryIn,
  write,
} from './repository-on.ts'

/** Small, so that every byte of it can be changed; two frames, and some ids that did not exist. */
const batches = [
  { records: recordsOf(2), absentIds: ['gone'] },
  { records: recordsOf(1, 2).map(({ id, vector }) => ({ id, vector })) },
]

describe('a backup on a disk that changes it', () => {
  let place: Place & { readonly fileSystem: MemoryFileSystem }
  let repository: FileBackupRepository
  let records: Uint8Array
  let manifest: Uint8Array
  let recordsPath: string
  let manifestPath: string
  let expected: Content

  beforeAll(async () => {
    place = await inMemory()
    repository = await repositoryIn(place)
    await write(repository, 'b1', batches)
    expected = contentIn(batches)
    const names = await place.fileSystem.readDirectory(place.directory)
    recordsPath = join(place.directory, names.find((name) => name.includes('.records.')) as string)
    manifestPath = join(place.directory, 'b1.json')
    records = await place.fileSystem.readFile(recordsPath)
    manifest = await place.fileSystem.readFile(manifestPath)
  })

  it('notices every changed bit of the records, before it hands any of them out', async () => {
    for (let at = 0; at < records.length; at++) {
      for (const bit of [0, 3, 7]) {
        const harmed = flipped(records, at, bit)
        const { seen, error } = await readWith(recordsPath, harmed)
        expect(isHoldfastError(error) && error.code, `byte ${at}, bit ${bit}`).toBe(
          'BACKUP_DAMAGED',
        )
        expect((error as Error).message).toContain(recordsPath)
        // What came before the damage is true.
        expect(expected.records.slice(0, seen.records.length)).toEqual(seen.records)
        expect(expected.absentIds.slice(0, seen.absentIds.length)).toEqual(seen.absentIds)
      }
    }
    await overwrite(place.fileSystem, recordsPath, records)
  })

  it('notices every lost end, and every addition', async () => {
    for (let length = 0; length < records.length; length++) {
      const { error } = await readWith(recordsPath, records.subarray(0, length))
      expect(error, `${length} bytes`).toMatchObject({ code: 'BACKUP_DAMAGED' })
    }
    const longer = Buffer.concat([records, Buffer.from([0])])
    expect((await readWith(recordsPath, longer)).error).toMatchObject({ code: 'BACKUP_DAMAGED' })
    const twice = Buffer.concat([records, records.subarray(16)])
    expect((await readWith(recordsPath, twice)).error).toMatchObject({ code: 'BACKUP_DAMAGED' })
    await overwrite(place.fileSystem, recordsPath, records)
  })

  it('notices frames that were lost, doubled, or are of another file', async () => {
    const [header, first, second] = framesOf(records)
    const other = await inMemory()
    const otherRepository = await repositoryIn(other, 99)
    await write(otherRepository, 'b1', batches)
    const names = await other.fileSystem.readDirectory(other.directory)
    const otherPath = join(
      other.directory,
      names.find((name) => name.includes('.records.')) as string,
    )
    const foreign = framesOf(await other.fileSystem.readFile(otherPath))
    const wrong = [
      [header, first],
      [header, second],
      [header, first, first],
      [header, first, foreign[2]],
      [header, foreign[1], second],
      [header],
    ] as readonly Uint8Array[][]
    for (const frames of wrong) {
      const { error } = await readWith(recordsPath, Buffer.concat(frames))
      expect(error).toMatchObject({ code: 'BACKUP_DAMAGED' })
    }
    await overwrite(place.fileSystem, recordsPath, records)
  })

  it('compares the whole with the manifest, even when size and checksums are right', async () => {
    const [header, first, second] = framesOf(records) as [Uint8Array, Uint8Array, Uint8Array]
    const place2 = await inMemory()
    const twin = await repositoryIn(place2)
    // The same salt and the same sizes, but another record.
    const changed = [
      batches[0],
      { records: recordsOf(1, 3).map(({ id, vector }) => ({ id, vector })) },
    ]
    await write(twin, 'b1', changed as typeof batches)
    const names = await place2.fileSystem.readDirectory(place2.directory)
    const path = join(place2.directory, names.find((name) => name.includes('.records.')) as string)
    const [, , stranger] = framesOf(await place2.fileSystem.readFile(path)) as Uint8Array[]
    expect(stranger?.length).toBe(second.length)
    const mixed = Buffer.concat([header, first, stranger as Uint8Array])
    const { error } = await readWith(recordsPath, mixed)
    expect(error).toMatchObject({ code: 'BACKUP_DAMAGED' })
    expect((error as Error).message).toContain('not the ones that were written')
    await overwrite(place.fileSystem, recordsPath, records)
  })

  it('never takes a changed manifest for another backup', async () => {
    const info = await repository.get('b1')
    for (let at = 0; at < manifest.length; at++) {
      for (const bit of [0, 2, 5, 7]) {
        await overwrite(place.fileSystem, manifestPath, flipped(manifest, at, bit))
        const found = await repository.get('b1').catch((error: unknown) => error)
        if (isHoldfastError(found)) {
          expect(found.code, `byte ${at}, bit ${bit}`).toBe('BACKUP_DAMAGED')
          expect(found.message).toContain(manifestPath)
        } else {
          expect(found, `byte ${at}, bit ${bit}`).toEqual(info)
          expect(await contentOf(repository, 'b1')).toEqual(expected)
        }
      }
    }
    for (let length = 0; length < manifest.length - 1; length++) {
      await overwrite(place.fileSystem, manifestPath, manifest.subarray(0, length))
      await expect(repository.get('b1')).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' })
    }
    for (const text of ['', 'null', '[]', '7', '{"backup":null,"checksum":null}']) {
      await overwrite(place.fileSystem, manifestPath, Buffer.from(text))
      await expect(repository.get('b1')).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' })
    }
    await overwrite(place.fileSystem, manifestPath, manifest)
  })

  it('is read as it was once the disk is well again', async () => {
    expect(await contentOf(repository, 'b1')).toEqual(expected)
  })

  it('says DIRECTORY_UNUSABLE when the disk can not be read at all', async () => {
    for (const method of ['open', 'read', 'readFile', 'readDirectory']) {
      place.fileSystem.onCall = async (call) => {
        if (call.method === method) throw Object.assign(new Error('bad sector'), { code: 'EIO' })
        return call.run()
      }
      const reading =
        method === 'readDirectory' ? collect(repository.list()) : contentOf(repository, 'b1')
      await expect(reading).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unchanged',
      })
      place.fileSystem.onCall = undefined
    }
  })

  async function readWith(
    path: string,
    bytes: Uint8Array,
  ): Promise<{ readonly seen: Content; readonly error: unknown }> {
    await overwrite(place.fileSystem, path, bytes)
    const read: (typeof batches)[number][] = []
    try {
      for await (const batch of repository.read('b1')) read.push(batch as (typeof batches)[number])
    } catch (error) {
      return { seen: contentIn(read), error }
    }
    return { seen: contentIn(read), error: undefined }
  }
})

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ (1 << bit)
  return copy
}

/** The header of the file, then each frame. */
function framesOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const parts = [file.slice(0, 16)]
  for (let at = 16; at < file.length; ) {
    const end = at + 8 + view.getUint32(at, true)
    parts.push(file.slice(at, end))
    at = end
  }
  return parts
}
