import { describe, expect, it } from 'vitest'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

describe('SimulatedClock', () => {
  it('stands until it is moved, and wakes in the order of time', async () => {
    const clock = new SimulatedClock({ startMs: 1_000 })
    const log: string[] = []
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms)
      log.push(`${name} ${clock.now()}`)
    }
    const all = [sleeper('late', 30), sleeper('soon', 10), sleeper('also soon', 10)]
    await clock.advance(9)
    expect(log).toEqual([])
    await clock.advance(21)
    expect(log).toEqual(['soon 1010', 'also soon 1010', 'late 1030'])
    expect(clock.monotonic()).toBe(30)
    await Promise.all(all)
  })

  it('lets one who woke go to sleep again before the next wakes', async () => {
    const clock = new SimulatedClock({ startMs: 0 })
    const times: number[] = []
    const beating = (async () => {
      for (let beat = 0; beat < 3; beat++) {
        await clock.sleep(10)
        times.push(clock.now())
      }
    })()
    await clock.advance(100)
    await beating
    expect(times).toEqual([10, 20, 30])
    expect(clock.now()).toBe(100)
  })

  it('rejects with the reason of an abort, and forgets the sleeper', async () => {
    const clock = new SimulatedClock()
    const controller = new AbortController()
    const reason = new Error('enough')
    const sleeping = clock.sleep(1_000, { signal: controller.signal })
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(clock.sleep(1, { signal: controller.signal })).rejects.toBe(reason)
    expect(clock.sleeperCount).toBe(0)
  })

  it('advances by itself where asked to, but not for those with unref', async () => {
    const clock = new SimulatedClock({ startMs: 0, selfAdvancing: true })
    let beats = 0
    const stop = new AbortController()
    const beating = (async () => {
      for (;;) {
        await clock.sleep(1_000, { unref: true, signal: stop.signal })
        beats++
      }
    })().catch(() => {})
    await clock.sleep(3_600_001)
    expect(clock.now()).toBe(3_600_001)
    expect(beats).toBe(3_600)
    stop.abort()
    await beating
  })
  it('advances to the last of several sleepers, also when the others never sleep again', async () => {
    const clock = new SimulatedClock({ startMs: 0, selfAdvancing: true })
    const beat = clock.sleep(5, { unref: true })
    const wakings = [30, 10, 20].map((ms) => clock.sleep(ms).then(() => clock.now()))
    expect(await Promise.all(wakings)).toEqual([30, 10, 20])
    await beat
    expect(clock.sleeperCount).toBe(0)
  })
})
