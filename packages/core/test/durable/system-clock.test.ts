import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/durable/system-clock.ts'

describe('systemClock', () => {
  it('sleeps for as long as asked', async () => {
    const startMs = systemClock.monotonic()
    await systemClock.sleep(30)
    expect(systemClock.monotonic() - startMs).toBeGreaterThanOrEqual(29)
    await systemClock.sleep(0)
    await systemClock.sleep(-1)
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000)
  })

  it('rejects with the reason of an abort, before and meanwhile', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    // Longer than one timer can be set for.
    const sleeping = systemClock.sleep(2 ** 40, { signal: controller.signal, unref: true })
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(systemClock.sleep(1, { signal: controller.signal })).rejects.toBe(reason)
  })
})
