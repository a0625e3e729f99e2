import { describe, expect, it } from 'vitest'
import { AppendOnlyLog } from '../../src/durable/append-only-log.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { bytes, diskWith, entriesOn, OPTIONS, openLog, PATH, readAll } from './log-helpers.ts'

const errorOf = (code: string): Error & { code: string } => Object.assign(new Error(code), { code })

describe('AppendOnlyLog', () => {
  it('gives back what was appended, in order, also after it was opened again', async () => {
    const fs = new MemoryFileSystem()
    const log = await openLog(fs)
    expect(await readAll(log)).toEqual([])
    await log.append([bytes('one')])
    await log.append([bytes('two'), bytes(''), bytes('drei ✓')])
    await log.append([])
    expect(await readAll(log)).toEqual(['one', 'two', '', 'drei ✓'])
    await log.close()
    expect(await entriesOn(fs)).toEqual(['one', 'two', '', 'drei ✓'])
    expect(await entriesOn(fs.crash({ keep: 'none' }))).toEqual(['one', 'two', '', 'drei ✓'])
  })

  it('writes and syncs once for each append', async () => {
    const calls: string[] = []
    const fs = new MemoryFileSystem()
    const log = await openLog(fs)
    fs.onCall = (call) => {
      if (!call.reads) calls.push(call.method)
      return call.run()
    }
    await log.append([bytes('a'), bytes('b'), bytes('c')])
    expect(calls).toEqual(['append', 'sync'])
  })

  it('reads from any entry on', async () => {
    const log = await openLog(new MemoryFileSystem())
    await log.append([bytes('a'), bytes('b')])
    const { sizeBytes } = log
    await log.append([bytes('c')])
    expect(await readAll(log, sizeBytes)).toEqual(['c'])
    expect(await readAll(log, log.sizeBytes)).toEqual([])
    for await (const { startBytes, endBytes, payload } of log.read()) {
      const rest = await readAll(log, startBytes)
      expect(rest[0]).toBe(new TextDecoder().decode(payload))
      expect(await readAll(log, endBytes)).toEqual(rest.slice(1))
    }
    await expect(readAll(log, 3)).rejects.toThrow(RangeError)
    await expect(readAll(log, log.sizeBytes + 1)).rejects.toThrow(RangeError)
    await expect(readAll(log, sizeBytes + 1)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
  })

  it('reads in pieces, and longer entries as they are', async () => {
    const fs = new MemoryFileSystem()
    const log = await AppendOnlyLog.open(fs, PATH, { ...OPTIONS, payloadBytesMax: 1_000_000 })
    const entries = Array.from({ length: 3_000 }, (_, index) => `${index} `.repeat(100))
    for (let at = 0; at < entries.length; at += 500) {
      await log.append(entries.slice(at, at + 500).map(bytes))
    }
    let readBytesMax = 0
    const { open } = fs
    fs.open = async (...args) => {
      const handle = await open.apply(fs, args)
      const { read } = handle
      handle.read = (at, length) => {
        readBytesMax = Math.max(readBytesMax, length)
        return read.call(handle, at, length)
      }
      return handle
    }
    expect(await readAll(log)).toEqual(entries)
    expect(readBytesMax).toBe(256 * 1024)
    const long = 'l'.repeat(900_000)
    await log.append([bytes(long)])
    expect((await readAll(log)).at(-1)).toBe(long)
  })

  it('appends calls made at once one after the other', async () => {
    const log = await openLog(new MemoryFileSystem())
    const entries = Array.from({ length: 50 }, (_, index) => `${index}`)
    await Promise.all(entries.map((entry) => log.append([bytes(entry)])))
    expect(await readAll(log)).toEqual(entries)
  })

  it('reads up to where the log ended when reading began', async () => {
    const log = await openLog(new MemoryFileSystem())
    await log.append([bytes('a')])
    const seen: string[] = []
    for await (const { payload } of log.read()) {
      seen.push(new TextDecoder().decode(payload))
      await log.append([bytes('more')])
    }
    expect(seen).toEqual(['a'])
  })

  it('refuses entries above the limit and appends nothing of them', async () => {
    const fs = new MemoryFileSystem()
    const log = await openLog(fs)
    const tooLong = new Uint8Array(OPTIONS.payloadBytesMax + 1)
    await expect(log.append([bytes('a'), tooLong])).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      outcome: 'unchanged',
    })
    await expect(log.rewrite([bytes('a'), tooLong])).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    await log.append([tooLong.subarray(1)])
    expect(await entriesOn(fs)).toHaveLength(1)
    expect(await fs.readDirectory('/')).toEqual(['log'])
  })

  it('waits for what is going on when it is closed, and takes nothing afterwards', async () => {
    const fs = new MemoryFileSystem()
    const log = await openLog(fs)
    const appending = log.append([bytes('a')])
    await Promise.all([log.close(), log.close(), log[Symbol.asyncDispose]()])
    await appending
    await expect(log.append([bytes('b')])).rejects.toThrow(TypeError)
    await expect(readAll(log)).rejects.toThrow(TypeError)
    expect(await entriesOn(fs)).toEqual(['a'])
  })

  describe('on a disk that fails', () => {
    it('says that a full disk has changed nothing, and goes on when there is space', async () => {
      const fs = new MemoryFileSystem()
      const log = await openLog(fs)
      await log.append([bytes('a')])
      fs.capacityBytes = log.sizeBytes + 30
      await expect(log.append([bytes('b'.repeat(100))])).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unchanged',
        retryable: true,
        message: expect.stringMatching(/\/log.*disk is full/),
        cause: expect.objectContaining({ code: 'ENOSPC' }),
      })
      expect((await fs.stat(PATH)).sizeBytes).toBe(log.sizeBytes)
      fs.capacityBytes = 1_000_000
      await log.append([bytes('c')])
      expect(await readAll(log)).toEqual(['a', 'c'])
      expect(await entriesOn(fs.crash({ keep: 'none' }))).toEqual(['a', 'c'])
    })

    it('takes an append back whose sync failed, and goes on', async () => {
      const fs = new MemoryFileSystem()
      const log = await openLog(fs)
      await log.append([bytes('a')])
      let failures = 1
      fs.onCall = (call) => {
        if (call.method === 'sync' && failures-- > 0) throw errorOf('EIO')
        return call.run()
      }
      await expect(log.append([bytes('b')])).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unchanged',
        retryable: false,
        cause: { code: 'EIO' },
      })
      await log.append([bytes('c')])
      for (const keep of ['all', 'none'] as const) {
        expect(await entriesOn(fs.crash({ keep }))).toEqual(['a', 'c'])
      }
    })

    it('takes nothing more when an append could not be taken back', async () => {
      const fs = new MemoryFileSystem()
      const log = await openLog(fs)
      await log.append([bytes('a')])
      fs.onCall = (call) => {
        if (call.method === 'sync') throw errorOf('EIO')
        return call.run()
      }
      await expect(log.append([bytes('b')])).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unknown',
      })
      fs.onCall = undefined
      for (const next of [() => log.append([bytes('c')]), () => log.refresh()]) {
        await expect(next()).rejects.toMatchObject({
          code: 'DIRECTORY_UNUSABLE',
          outcome: 'unchanged',
        })
      }
      await log.close()
      const again = await openLog(fs)
      await again.append([bytes('d')])
      expect(await readAll(again)).toEqual(['a', 'd'])
    })

    it('tells a read-only disk', async () => {
      const fs = new MemoryFileSystem()
      const log = await openLog(fs)
      fs.readOnly = true
      const refused = {
        code: 'DIRECTORY_UNUSABLE',
        retryable: false,
        message: expect.stringMatching(/\/log.*read-only/),
      }
      // It can't be taken back either, as far as the log can know.
      await expect(log.append([bytes('a')])).rejects.toMatchObject(refused)
      await expect(openLog(fs)).rejects.toMatchObject(refused)
      await expect(openLog(Object.assign(new MemoryFileSystem(), { readOnly: true })))
        .rejects //
        .toMatchObject(refused)
    })
  })

  describe('with several processes in turn', () => {
    it('sees what others have appended or rewritten', async () => {
      const fs = new MemoryFileSystem()
      const [here, there] = [await openLog(fs), await openLog(fs)]
      await here.append([bytes('a')])
      expect(await here.refresh()).toBe('unchanged')
      const formerBytes = there.sizeBytes
      expect(await there.refresh()).toBe('appended')
      expect(await readAll(there, formerBytes)).toEqual(['a'])
      await there.append([bytes('b')])
      await there.rewrite([bytes('a+b')])
      await there.append([bytes('c')])
      expect(await here.refresh()).toBe('rewritten')
      expect(await readAll(here)).toEqual(['a+b', 'c'])
      expect(await readAll(there)).toEqual(['a+b', 'c'])
      expect(await entriesOn(fs.crash({ keep: 'none' }))).toEqual(['a+b', 'c'])
    })

    it('cuts what another one has left torn', async () => {
      const fs = new MemoryFileSystem()
      const [here, there] = [await openLog(fs), await openLog(fs)]
      await there.append([bytes('a')])
      fs.onCall = async (call) => {
        if (call.method === 'append') await call.half?.()
        throw errorOf('EIO')
      }
      await expect(there.append([bytes('b'.repeat(50))])).rejects.toMatchObject({
        // Not even whether it is alone could be found out, so nothing was written.
        outcome: 'unchanged',
      })
      fs.onCall = async (call) => {
        if (call.reads) return call.run()
        if (call.method === 'append') await call.half?.()
        throw errorOf('EIO')
      }
      await expect(there.append([bytes('b'.repeat(50))])).rejects.toMatchObject({
        outcome: 'unknown',
      })
      fs.onCall = undefined
      expect(await here.refresh()).toBe('appended')
      await here.append([bytes('c')])
      expect(await entriesOn(fs)).toEqual(['a', 'c'])
    })

    it('never appends after what it does not know', async () => {
      const fs = new MemoryFileSystem()
      const [here, there] = [await openLog(fs), await openLog(fs)]
      await there.append([bytes('a')])
      await expect(here.append([bytes('b')])).rejects.toMatchObject({
        code: 'LEASE_LOST',
        outcome: 'unchanged',
      })
      await here.refresh()
      await there.rewrite([])
      await expect(here.append([bytes('c')])).rejects.toMatchObject({ code: 'LEASE_LOST' })
      await expect(readAll(here)).rejects.toMatchObject({ code: 'LEASE_LOST' })
      expect(await entriesOn(fs)).toEqual([])
    })

    it('does not acknowledge when another one wrote at the same moment', async () => {
      const fs = new MemoryFileSystem()
      const [here, there] = [await openLog(fs), await openLog(fs)]
      fs.onCall = async (call) => {
        fs.onCall = undefined
        const result = await call.run()
        await there.append([bytes('a')])
        return result
      }
      await expect(here.append([bytes('b')])).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unknown',
        cause: { code: 'LEASE_LOST' },
      })
      expect(await entriesOn(fs)).toEqual(['a', 'b'])
    })
  })

  describe('opening', () => {
    it('refuses what is not its own', async () => {
      const damaged = { code: 'JOURNAL_DAMAGED', outcome: 'unchanged', retryable: false }
      for (const content of ['', '{"json": true}\n', 'x'.repeat(500)]) {
        const fs = await diskWith(bytes(content))
        await expect(openLog(fs)).rejects.toMatchObject(damaged)
        expect(await fs.readFile(PATH)).toEqual(bytes(content))
      }
      const fs = new MemoryFileSystem()
      await openLog(fs)
      const opening = AppendOnlyLog.open(fs, PATH, { ...OPTIONS, format: 'other' })
      await expect(opening).rejects.toMatchObject({
        ...damaged,
        message: expect.stringContaining('a log of format test and not other'),
      })
      const backups = { ...OPTIONS, format: 'other', damagedCode: 'BACKUP_DAMAGED' } as const
      await expect(AppendOnlyLog.open(fs, PATH, backups)).rejects.toMatchObject({
        ...damaged,
        code: 'BACKUP_DAMAGED',
      })
    })

    it('refuses what a later version has written, and takes what an earlier one has', async () => {
      const fs = new MemoryFileSystem()
      const later = await AppendOnlyLog.open(fs, PATH, { ...OPTIONS, version: 2 })
      await later.append([bytes('a')])
      await expect(openLog(fs)).rejects.toMatchObject({
        code: 'JOURNAL_VERSION_NEWER',
        outcome: 'unchanged',
        retryable: false,
      })
      const latest = await AppendOnlyLog.open(fs, PATH, { ...OPTIONS, version: 3 })
      expect(latest.version).toBe(2)
      await latest.rewrite([bytes('b')])
      expect(latest.version).toBe(3)
    })

    it('makes durable what a dead process has left before it trusts it', async () => {
      const fs = new MemoryFileSystem()
      const log = await openLog(fs)
      let isDead = false
      fs.onCall = (call) => {
        isDead ||= call.method === 'sync'
        if (isDead) throw new Error('The process is dead')
        return call.run()
      }
      await expect(log.append([bytes('a')])).rejects.toThrow()
      const afterDeath = fs.processCrash()
      expect(await entriesOn(afterDeath.crash({ keep: 'none' }))).toEqual([])
      expect(await entriesOn(afterDeath)).toEqual(['a'])
      expect(await entriesOn(afterDeath.crash({ keep: 'none' }))).toEqual(['a'])
    })

    it('makes durable what a failed sync has left, although a sync alone would not', async () => {
      const fs = new MemoryFileSystem()
      const log = await openLog(fs)
      fs.onCall = (call) => {
        if (call.method === 'sync' || call.method === 'truncate') throw errorOf('EIO')
        return call.run()
      }
      await expect(log.append([bytes('a')])).rejects.toMatchObject({ outcome: 'unknown' })
      const afterDeath = fs.processCrash()
      expect(await entriesOn(afterDeath)).toEqual(['a'])
      expect(await entriesOn(afterDeath.crash({ keep: 'none' }))).toEqual(['a'])
    })

    it('says in which directory it can not create a file', async () => {
      await expect(
        AppendOnlyLog.open(new MemoryFileSystem(), '/missing/log', OPTIONS),
      ).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        message: expect.stringContaining('/missing/log'),
      })
    })
  })

  it('rewrites all or nothing, whatever fails', async () => {
    let failures = 0
    for (let failAt = 0; failAt < 20; failAt++) {
      for (const fault of ['before', 'after', 'half'] as const) {
        const fs = new MemoryFileSystem()
        const log = await openLog(fs)
        await log.append([bytes('a'), bytes('b')])
        let calls = 0
        fs.onCall = async (call) => {
          if (call.reads || calls++ !== failAt) return call.run()
          if (fault === 'after') await call.run()
          if (fault === 'half') await call.half?.()
          throw errorOf('EIO')
        }
        const error = await log.rewrite([bytes('c')]).catch((reason) => reason)
        fs.onCall = undefined
        if (error === undefined) {
          expect(await entriesOn(fs.crash({ keep: 'none' }))).toEqual(['c'])
          continue
        }
        failures++
        if (error.outcome === 'unchanged') {
          expect(await readAll(log)).toEqual(['a', 'b'])
          await log.append([bytes('d')])
          expect(await entriesOn(fs.crash({ keep: 'none' }))).toEqual(['a', 'b', 'd'])
        } else {
          expect(error.outcome).toBe('unknown')
          await expect(log.append([bytes('d')])).rejects.toThrow()
          expect([['c'], ['a', 'b']]).toContainEqual(await entriesOn(fs))
        }
      }
    }
    expect(failures).toBeGreaterThan(15)
  })
})
