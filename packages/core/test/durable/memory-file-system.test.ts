import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = async (fs: MemoryFileSystem, path: string): Promise<string> =>
  new TextDecoder().decode(await fs.readFile(path))

async function write(fs: MemoryFileSystem, path: string, content: string): Promise<void> {
  const handle = await fs.open(path, 'append')
  await handle.append(bytes(content))
  await handle.close()
}

describe('MemoryFileSystem', () => {
  it('forgets names and content that were not synced', async () => {
    const fs = new MemoryFileSystem()
    const handle = await fs.open('/log', 'create')
    await handle.append(bytes('one'))
    await handle.sync()
    expect(await fs.crash({ keep: 'none' }).readDirectory('/')).toEqual([])
    await fs.syncDirectory('/')
    await handle.append(bytes('two'))
    expect(await text(fs.crash({ keep: 'none' }), '/log')).toBe('one')
    expect(await text(fs.crash({ keep: 'all' }), '/log')).toBe('onetwo')
    expect(await text(fs.processCrash(), '/log')).toBe('onetwo')
    expect(await text(fs.processCrash().crash({ keep: 'none' }), '/log')).toBe('one')
  })

  it('leaves of an append all, a prefix, holes of whole sectors, or nothing', async () => {
    const fs = new MemoryFileSystem()
    const handle = await fs.open('/log', 'create')
    await handle.append(new Uint8Array(100).fill(1))
    await handle.sync()
    await fs.syncDirectory('/')
    await handle.append(new Uint8Array(2_000).fill(2))
    const seen = new Set<string>()
    for (let seed = 0; seed < 100; seed++) {
      const after = await fs.crash({ keep: new SeededRandom(seed) }).readFile('/log')
      expect(after.subarray(0, 100)).toEqual(new Uint8Array(100).fill(1))
      const tail = after.subarray(100)
      const whole = tail.every((byte) => byte === 2)
      if (tail.length === 0) seen.add('nothing')
      else if (whole) seen.add(tail.length === 2_000 ? 'all' : 'prefix')
      else {
        seen.add('holes')
        expect(tail.length).toBe(2_000)
        const edges = [...tail.keys()].filter((at) => at > 0 && tail[at] !== tail[at - 1])
        expect(edges.filter((at) => (100 + at) % 512 !== 0)).toEqual([])
      }
    }
    expect([...seen].sort()).toEqual(['all', 'holes', 'nothing', 'prefix'])
  })

  it('loses nothing of what was there by writing the same over it', async () => {
    const fs = new MemoryFileSystem()
    const content = new Uint8Array(2_000).fill(1)
    const appender = await fs.open('/file', 'create')
    await appender.append(content)
    await appender.sync()
    await fs.syncDirectory('/')
    const handle = await fs.open('/file', 'overwrite')
    await handle.write(0, content)
    for (let seed = 0; seed < 50; seed++) {
      expect(await fs.crash({ keep: new SeededRandom(seed) }).readFile('/file')).toEqual(content)
    }
  })

  it('makes a rename happen or not, as one change', async () => {
    const fs = new MemoryFileSystem()
    await write(fs, '/old', 'old')
    await write(fs, '/new', 'new')
    for (const path of ['/old', '/new']) {
      const handle = await fs.open(path, 'append')
      await handle.sync()
    }
    await fs.syncDirectory('/')
    await fs.rename('/new', '/old')
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const after = fs.crash({ keep: new SeededRandom(seed) })
      outcomes.add(`${(await after.readDirectory('/')).join()} ${await text(after, '/old')}`)
    }
    expect([...outcomes].sort()).toEqual(['old new', 'old,new old'])
    await fs.syncDirectory('/')
    expect(await text(fs.crash({ keep: 'none' }), '/old')).toBe('new')
  })

  it('syncs a rename between directories from either side', async () => {
    for (const synced of ['/from', '/to']) {
      const fs = new MemoryFileSystem()
      await fs.makeDirectory('/from')
      await fs.makeDirectory('/to')
      await write(fs, '/from/a', 'a')
      await fs.rename('/from/a', '/to/a')
      await fs.syncDirectory(synced)
      const after = fs.crash({ keep: 'none' })
      expect(await after.readDirectory('/from')).toEqual([])
      expect(await after.readDirectory('/to')).toEqual(['a'])
    }
  })

  it('does not write again what a failed sync has given up', async () => {
    let fails = false
    const fs = new MemoryFileSystem({
      onCall: (call) => {
        if (fails && call.method === 'sync') throw Object.assign(new Error(), { code: 'EIO' })
        return call.run()
      },
    })
    const handle = await fs.open('/log', 'create')
    await fs.syncDirectory('/')
    await handle.append(bytes('lost'))
    fails = true
    await expect(handle.sync()).rejects.toMatchObject({ code: 'EIO' })
    fails = false
    await handle.sync()
    expect(await text(fs, '/log')).toBe('lost')
    expect(await text(fs.crash({ keep: 'none' }), '/log')).toBe('')
    await handle.truncate(0)
    await handle.append(bytes('kept'))
    await handle.sync()
    expect(await text(fs.crash({ keep: 'all' }), '/log')).toBe('kept')
  })

  it('fills up, after writing what fits', async () => {
    const fs = new MemoryFileSystem({ capacityBytes: 10 })
    await write(fs, '/a', '1234567')
    await expect(write(fs, '/b', '12345')).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await text(fs, '/b')).toBe('123')
    await fs.unlink('/a')
    await write(fs, '/b', '4567890')
    expect(await text(fs, '/b')).toBe('1234567890')
  })

  it('refuses every change while read-only', async () => {
    const fs = new MemoryFileSystem()
    await write(fs, '/a', 'a')
    const handle = await fs.open('/a', 'append')
    fs.readOnly = true
    const changes = [
      () => fs.open('/b', 'append'),
      () => fs.open('/b', 'create'),
      () => fs.rename('/a', '/b'),
      () => fs.unlink('/a'),
      () => fs.makeDirectory('/d'),
      () => fs.removeDirectory('/d'),
      () => handle.append(bytes('b')),
      () => handle.truncate(0),
    ]
    for (const change of changes) await expect(change()).rejects.toMatchObject({ code: 'EROFS' })
    expect(await text(fs, '/a')).toBe('a')
  })

  it('lets a plan fail each call before, after and half-way', async () => {
    let fault: 'before' | 'after' | 'half' = 'before'
    const fs = new MemoryFileSystem()
    const handle = await fs.open('/a', 'append')
    fs.onCall = async (call) => {
      if (call.method !== 'append') return call.run()
      if (fault === 'after') await call.run()
      if (fault === 'half') await call.half?.()
      throw new Error(`${fault} ${call.about}`)
    }
    await expect(handle.append(bytes('abcd'))).rejects.toThrow('before /a')
    expect(await text(fs, '/a')).toBe('')
    fault = 'half'
    await expect(handle.append(bytes('abcd'))).rejects.toThrow('half /a')
    expect(await text(fs, '/a')).toBe('ab')
    fault = 'after'
    await expect(handle.append(bytes('efgh'))).rejects.toThrow('after /a')
    expect(await text(fs, '/a')).toBe('abefgh')
  })
})
