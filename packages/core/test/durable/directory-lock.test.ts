import { describe, expect, it } from 'vitest'
import { sweepTemporaries } from '../../src/durable/atomic-write.ts'
import { DirectoryLock, type HeldLock } from '../../src/durable/directory-lock.ts'
import { parseLockFileName } from '../../src/durable/lock-state.ts'
import type { ProcessTable } from '../../src/durable/process-table.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { SimulatedMachine } from '../../src/testing/simulated-machine.ts'

const PATH = '/data/lock'
const NOW = { waitMs: 0 }

/** A disk, a clock and a machine, and locks for processes that share them. */
function world(): {
  readonly fs: MemoryFileSystem
  readonly clock: SimulatedClock
  readonly machine: SimulatedMachine
  lockOf(processes: ProcessTable, fileSystem?: MemoryFileSystem): DirectoryLock
} {
  const clock = new SimulatedClock()
  const fs = new MemoryFileSystem({ clock })
  const random = new SeededRandom(5)
  return {
    fs,
    clock,
    machine: new SimulatedMachine('one'),
    lockOf: (processes, fileSystem = fs) =>
      new DirectoryLock({ path: PATH, fileSystem, clock, random, processes }),
  }
}

const errorOf = (code: string): Error => Object.assign(new Error(code), { code })

/** Tries again and again, as one who waits does, while the time moves. */
async function acquireWithin(
  lock: DirectoryLock,
  clock: SimulatedClock,
  waitMs: number,
): Promise<HeldLock> {
  const acquiring = lock.acquire({ waitMs })
  let isSettled = false
  const settled = (): void => {
    isSettled = true
  }
  acquiring.then(settled, settled)
  while (!isSettled) await clock.advance(50)
  return acquiring
}

describe('DirectoryLock', () => {
  it('lets one in, and the next one after a release', async () => {
    const { fs, machine, lockOf } = world()
    const [first, second] = [lockOf(machine.start()), lockOf(machine.start())]
    const held = await first.acquire(NOW)
    await held.assertHeld()
    await expect(second.acquire(NOW)).rejects.toMatchObject({
      code: 'DIRECTORY_BUSY',
      outcome: 'unchanged',
      retryable: true,
      message: expect.stringMatching(/\/data\/lock is held by process 1 on one since 2026-01-01T/),
      details: { path: PATH, pid: 1, host: 'one', since: '2026-01-01T00:00:00.000Z' },
    })
    await held.release()
    await held.release()
    await expect(held.assertHeld()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    const next = await second.acquire(NOW)
    await next[Symbol.asyncDispose]()
    expect(await fs.readDirectory(PATH)).toHaveLength(1)
    expect(await fs.readDirectory('/data')).toEqual(['lock'])
  })

  it('tells instances of one process apart, and takings of one instance', async () => {
    const { machine, lockOf } = world()
    const process = machine.start()
    const [here, there] = [lockOf(process), lockOf(process)]
    const held = await here.acquire(NOW)
    await expect(there.acquire(NOW)).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
    await expect(here.acquire(NOW)).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
    await held.release()
    await (await there.acquire(NOW)).release()
  })

  it('waits, but not for longer than asked', async () => {
    const { clock, machine, lockOf } = world()
    const held = await lockOf(machine.start()).acquire(NOW)
    const startMs = clock.monotonic()
    const waiting = acquireWithin(lockOf(machine.start()), clock, 2_000)
    await expect(waiting).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
    expect(clock.monotonic() - startMs).toBeGreaterThanOrEqual(2_000)
    expect(clock.monotonic() - startMs).toBeLessThan(2_200)
    const next = acquireWithin(lockOf(machine.start()), clock, 2_000)
    await clock.advance(500)
    await held.release()
    await (await next).release()
  })

  it('rejects with the reason of an abort, and holds nothing then', async () => {
    const { clock, fs, machine, lockOf } = world()
    const lock = lockOf(machine.start())
    const held = await lock.acquire(NOW)
    const reason = new Error('enough')
    const controller = new AbortController()
    const waiting = lock.acquire({ waitMs: 60_000, signal: controller.signal })
    await clock.advance(300)
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await held.release()
    await expect(lock.acquire({ ...NOW, signal: controller.signal })).rejects.toBe(reason)
    // And when it comes while the lock is being taken.
    const late = new AbortController()
    fs.onCall = (call) => {
      if (call.method === 'rename') late.abort(reason)
      return call.run()
    }
    await expect(lock.acquire({ ...NOW, signal: late.signal })).rejects.toBe(reason)
    fs.onCall = undefined
    await (await lock.acquire(NOW)).release()
  })

  it('is free at once when its holder is dead, also when its number is used again', async () => {
    const { machine, lockOf } = world()
    const [first, second] = [machine.start(), machine.start()]
    const held = await lockOf(first).acquire(NOW)
    first.kill()
    const reused = machine.start()
    expect((await reused.self()).pid).toBe((await first.self()).pid)
    const taken = await lockOf(second).acquire(NOW)
    await taken.assertHeld()
    // Whatever the dead one still did would find that it has lost.
    await expect(held.assertHeld()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await held.release()
    await taken.assertHeld()
    await expect(lockOf(reused).acquire(NOW)).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
  })

  describe('held on another machine', () => {
    it('is kept while the holder gives signs of life', async () => {
      const { clock, lockOf } = world()
      const held = await lockOf(new SimulatedMachine('two').start()).acquire(NOW)
      const waiting = acquireWithin(lockOf(new SimulatedMachine('three').start()), clock, 300_000)
      await expect(waiting).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
      await held.assertHeld()
    })

    it('is taken over after 30 s of silence, which the holder finds out', async () => {
      const { clock, fs, lockOf } = world()
      const held = await lockOf(new SimulatedMachine('two').start()).acquire(NOW)
      let isSilent = true
      const { rename } = fs
      fs.rename = (from, to) => {
        // Only the suspended holder gives this lock the next name of the same taking.
        const [before, after] = [from, to].map((path) =>
          parseLockFileName(path.split('/').at(-1) ?? ''),
        )
        const isBeat = before?.kind === 'taken' && before.token === after?.token
        if (isSilent && isBeat) return Promise.reject(errorOf('EIO'))
        return rename.call(fs, from, to)
      }
      const startMs = clock.monotonic()
      const next = await acquireWithin(lockOf(new SimulatedMachine('three').start()), clock, 60_000)
      expect(clock.monotonic() - startMs).toBeGreaterThanOrEqual(30_000)
      expect(clock.monotonic() - startMs).toBeLessThan(31_000)
      isSilent = false
      await expect(held.assertHeld()).rejects.toMatchObject({
        code: 'LEASE_LOST',
        outcome: 'unchanged',
        message: expect.stringContaining('no sign of life'),
      })
      await held.release()
      await next.assertHeld()
    })

    it('is taken over by one who asks now and then, but only for time spent watching', async () => {
      const { clock, fs, lockOf } = world()
      await lockOf(new SimulatedMachine('two').start()).acquire(NOW)
      // The other machine is off from now on: its disk is not this one any more.
      const lock = lockOf(new SimulatedMachine('three').start(), fs.processCrash())
      let looks = 0
      for (;;) {
        looks++
        const held = await lock.acquire(NOW).catch(() => undefined)
        if (held !== undefined) break
        // Suspended for an hour between two looks.
        await clock.advance(3_600_000)
      }
      expect(looks).toBe(7)
    })

    it('stays with a holder that was suspended but looks again in time', async () => {
      const { clock, fs, lockOf } = world()
      const held = await lockOf(new SimulatedMachine('two').start()).acquire(NOW)
      const lock = lockOf(new SimulatedMachine('three').start())
      let isSilent = true
      fs.onCall = (call) => {
        if (isSilent && call.method === 'rename') throw errorOf('EIO')
        return call.run()
      }
      for (let elapsedMs = 0; elapsedMs < 29_000; elapsedMs += 1_000) {
        await expect(lock.acquire(NOW)).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
        await clock.advance(1_000)
      }
      isSilent = false
      await held.assertHeld()
      for (let elapsedMs = 0; elapsedMs < 29_000; elapsedMs += 1_000) {
        await expect(lock.acquire(NOW)).rejects.toMatchObject({ code: 'DIRECTORY_BUSY' })
        await clock.advance(1_000)
      }
    })
  })

  describe('on a disk that fails', () => {
    it('says why a directory can not be used', async () => {
      const { fs, machine, lockOf } = world()
      const lock = lockOf(machine.start())
      fs.readOnly = true
      const refused = {
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unchanged',
        retryable: false,
        message: expect.stringMatching(/\/data\/lock: the file system is read-only/),
      }
      await expect(lock.acquire(NOW)).rejects.toMatchObject(refused)
      fs.readOnly = false
      const held = await lock.acquire(NOW)
      await held.release()
      fs.readOnly = true
      await expect(lock.acquire(NOW)).rejects.toMatchObject(refused)
      fs.readOnly = false
      fs.onCall = (call) => {
        if (!call.reads) throw errorOf('EACCES')
        return call.run()
      }
      await expect(lock.acquire(NOW)).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        message: expect.stringContaining('no permission'),
      })
    })

    it('is not stuck by any single failure, before, after or late', async () => {
      let failures = 0
      for (let failAt = 0; failAt < 12; failAt++) {
        for (const fault of ['before', 'after', 'late'] as const) {
          const { fs, machine, lockOf } = world()
          const lock = lockOf(machine.start())
          let calls = 0
          let land: (() => Promise<unknown>) | undefined
          fs.onCall = async (call) => {
            if (call.reads || calls++ !== failAt) return call.run()
            failures++
            if (fault === 'after') await call.run()
            if (fault === 'late') land = call.run
            throw errorOf('EIO')
          }
          for (let round = 0; round < 2; round++) {
            const held = await lock.acquire(NOW).catch(() => undefined)
            await held?.assertHeld()
            await held?.release().catch(() => {})
          }
          fs.onCall = undefined
          await land?.().catch(() => {})
          const held = await lock.acquire(NOW)
          await held.assertHeld()
          await held.release()
          await sweepTemporaries(fs, '/data')
          expect(await fs.readDirectory('/data')).toEqual(['lock'])
          expect(await fs.readDirectory(PATH)).toHaveLength(1)
          await (await lockOf(machine.start()).acquire(NOW)).release()
        }
      }
      expect(failures).toBeGreaterThan(15)
    })

    it('keeps a lease through failing beats, and through beats whose answer was lost', async () => {
      const { clock, fs, machine, lockOf } = world()
      const held = await lockOf(machine.start()).acquire(NOW)
      let fault: 'before' | 'after' = 'before'
      fs.onCall = async (call) => {
        if (call.method !== 'rename') return call.run()
        if (fault === 'after') await call.run()
        throw errorOf('EIO')
      }
      await clock.advance(10_000)
      await expect(held.assertHeld()).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
        outcome: 'unchanged',
      })
      fault = 'after'
      await clock.advance(10_000)
      fs.onCall = undefined
      await held.assertHeld()
      await held.release()
      await (await lockOf(machine.start()).acquire(NOW)).release()
    })

    it('survives a power cut at any moment', async () => {
      for (let seed = 0; seed < 200; seed++) {
        const random = new SeededRandom(seed)
        const { fs, machine, lockOf } = world()
        const process = machine.start()
        let left = random.integer(12)
        fs.onCall = (call) => {
          if (!call.reads && left-- <= 0) throw new Error('The power is off')
          return call.run()
        }
        const lock = lockOf(process)
        for (let round = 0; round < 2; round++) {
          const held = await lock.acquire(NOW).catch(() => undefined)
          await held?.release().catch(() => {})
        }
        process.kill()
        const after = fs.crash({ keep: random })
        const next = lockOf(machine.start(), after)
        const held = await next.acquire(NOW)
        await held.assertHeld()
        await held.release()
      }
    }, 30_000)
  })

  it('finds a directory that is empty, or has two files after a crash', async () => {
    const { fs, machine, lockOf } = world()
    await fs.makeDirectory(PATH)
    const held = await lockOf(machine.start()).acquire(NOW)
    const [before] = await fs.readDirectory(PATH)
    await held.release()
    await (await fs.open(`${PATH}/${before}`, 'create')).close()
    const again = await lockOf(machine.start()).acquire(NOW)
    expect(await fs.readDirectory(PATH)).toHaveLength(1)
    await again.release()
  })

  it('says so when the directory is something else', async () => {
    const { fs, machine, lockOf } = world()
    await fs.makeDirectory(PATH)
    await (await fs.open(`${PATH}/.DS_Store`, 'create')).close()
    await expect(lockOf(machine.start()).acquire(NOW)).rejects.toMatchObject({
      code: 'DIRECTORY_BUSY',
      message: expect.stringContaining('something else is in that directory'),
    })
    expect(await fs.readDirectory(PATH)).toEqual(['.DS_Store'])
    await fs.unlink(`${PATH}/.DS_Store`)
    await fs.removeDirectory(PATH)
    await (await fs.open(PATH, 'create')).close()
    await expect(lockOf(machine.start()).acquire(NOW)).rejects.toMatchObject({
      code: 'DIRECTORY_UNUSABLE',
    })
  })

  it('is lost to whoever removes the directory by hand', async () => {
    const { fs, machine, lockOf } = world()
    const held = await lockOf(machine.start()).acquire(NOW)
    for (const name of await fs.readDirectory(PATH)) await fs.unlink(`${PATH}/${name}`)
    await fs.removeDirectory(PATH)
    await expect(held.assertHeld()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    const next = await lockOf(machine.start()).acquire(NOW)
    await held.release()
    await next.assertHeld()
  })
})
