import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  sweepTemporaries,
  temporaryPath,
  writeFileAtomically,
} from '../../src/durable/atomic-write.ts'
import type { FileSystem } from '../../src/durable/file-system.ts'
import { nodeFileSystem } from '../../src/durable/node-file-system.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const directories: string[] = []

afterEach(async () => {
  for (const path of directories.splice(0)) await rm(path, { recursive: true, force: true })
})

/** What both disks must have in common, so that tests on one of them say something of the other. */
describe.each([
  [
    'the disk of the machine',
    async (): Promise<{ fs: FileSystem; root: string }> => {
      const root = await mkdtemp(join(tmpdir(), 'holdfast-'))
      directories.push(root)
      return { fs: nodeFileSystem, root }
    },
  ],
  [
    'the disk in memory',
    async (): Promise<{ fs: FileSystem; root: string }> => {
      const fs = new MemoryFileSystem()
      await fs.makeDirectory('/root')
      return { fs, root: '/root' }
    },
  ],
])('%s', (_title, open) => {
  it('appends, reads, truncates and tells sizes', async () => {
    const { fs, root } = await open()
    const path = join(root, 'file')
    const handle = await fs.open(path, 'append')
    await handle.append(bytes('0123456789'))
    await handle.truncate(4)
    await handle.append(bytes('abc'))
    await handle.sync()
    expect(await handle.read(2, 4)).toEqual(bytes('23ab'))
    expect(await handle.read(5, 100)).toEqual(bytes('bc'))
    expect(await handle.read(7, 1)).toEqual(bytes(''))
    expect((await handle.stat()).sizeBytes).toBe(7)
    expect(await fs.stat(path)).toEqual(await handle.stat())
    await handle.close()
    await expect(handle.append(bytes('x'))).rejects.toMatchObject({ code: 'EBADF' })
    const reader = await fs.open(path, 'read')
    await expect(reader.append(bytes('x'))).rejects.toMatchObject({ code: 'EBADF' })
    await reader.close()
    expect(await fs.readFile(path)).toEqual(bytes('0123abc'))
  })

  it('appends after a truncation through a handle that created the file', async () => {
    const { fs, root } = await open()
    const handle = await fs.open(join(root, 'file'), 'create')
    await handle.append(bytes('0123456789'))
    await handle.truncate(2)
    await handle.append(bytes('ab'))
    expect(await handle.read(0, 100)).toEqual(bytes('01ab'))
    await handle.close()
  })

  it('writes over what is there, at any position, also beyond the end', async () => {
    const { fs, root } = await open()
    const path = join(root, 'file')
    await expect(fs.open(path, 'overwrite')).rejects.toMatchObject({ code: 'ENOENT' })
    const appender = await fs.open(path, 'create')
    await appender.append(bytes('0123456789'))
    const handle = await fs.open(path, 'overwrite')
    await handle.write(2, bytes('abc'))
    await handle.write(9, bytes('xyz'))
    await handle.sync()
    expect(await handle.read(0, 100)).toEqual(bytes('01abc5678xyz'))
    await handle.close()
    await appender.append(bytes('!'))
    expect(await fs.readFile(path)).toEqual(bytes('01abc5678xyz!'))
    await appender.close()
  })

  it('keeps the id of a file through renames, and gives a new file another one', async () => {
    const { fs, root } = await open()
    const [a, b] = [join(root, 'a'), join(root, 'b')]
    await (await fs.open(a, 'create')).close()
    const { fileId } = await fs.stat(a)
    await (await fs.open(b, 'create')).close()
    expect((await fs.stat(b)).fileId).not.toBe(fileId)
    await fs.rename(a, b)
    expect((await fs.stat(b)).fileId).toBe(fileId)
  })

  it('refuses with the codes of Linux', async () => {
    const { fs, root } = await open()
    const [file, directory, missing] = ['file', 'directory', 'missing'].map((name) =>
      join(root, name),
    ) as [string, string, string]
    await (await fs.open(file, 'create')).close()
    await fs.makeDirectory(join(directory, 'deep', 'er'))
    await fs.makeDirectory(directory)
    await fs.makeDirectory(join(root, 'other'))
    const refusals: readonly [string, () => Promise<unknown>][] = [
      ['EEXIST', () => fs.open(file, 'create')],
      ['ENOENT', () => fs.open(missing, 'read')],
      ['ENOENT', () => fs.open(join(missing, 'x'), 'append')],
      ['EISDIR', () => fs.open(directory, 'append')],
      ['ENOTDIR', () => fs.open(join(file, 'x'), 'append')],
      ['ENOENT', () => fs.readFile(missing)],
      ['ENOENT', () => fs.rename(missing, file)],
      ['EISDIR', () => fs.rename(file, directory)],
      ['ENOTDIR', () => fs.rename(directory, file)],
      ['ENOTEMPTY', () => fs.rename(join(root, 'other'), directory)],
      ['ENOENT', () => fs.unlink(missing)],
      ['EISDIR', () => fs.unlink(directory)],
      ['EEXIST', () => fs.makeDirectory(file)],
      ['ENOENT', () => fs.removeDirectory(missing)],
      ['ENOTDIR', () => fs.removeDirectory(file)],
      ['ENOTEMPTY', () => fs.removeDirectory(directory)],
      ['ENOENT', () => fs.readDirectory(missing)],
      ['ENOTDIR', () => fs.readDirectory(file)],
      ['ENOENT', () => fs.stat(missing)],
      ['ENOENT', () => fs.syncDirectory(missing)],
    ]
    for (const [code, refusal] of refusals) {
      await expect(refusal()).rejects.toMatchObject({ code })
    }
    // A directory may take the place of an empty one.
    await fs.rename(directory, join(root, 'other'))
    expect([...(await fs.readDirectory(root))].sort()).toEqual(['file', 'other'])
    expect((await fs.stat(join(root, 'other'))).isDirectory).toBe(true)
    await fs.syncDirectory(root)
  })

  it('writes files atomically, and sweeps what crashed writers left', async () => {
    const { fs, root } = await open()
    const path = join(root, 'settings.json')
    await writeFileAtomically(fs, path, bytes('one'))
    await writeFileAtomically(fs, path, bytes('two'))
    expect(await fs.readFile(path)).toEqual(bytes('two'))
    expect(await fs.readDirectory(root)).toEqual(['settings.json'])
    await (await fs.open(temporaryPath(path), 'create')).close()
    const directory = temporaryPath(path)
    await fs.makeDirectory(directory)
    await (await fs.open(join(directory, 'file'), 'create')).close()
    expect(await sweepTemporaries(fs, root)).toHaveLength(2)
    expect(await fs.readDirectory(root)).toEqual(['settings.json'])
  })
})
