import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { callWithTimeout } from '../../src/store/call-with-timeout.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

const late = new Error('too late')
const timeoutError = (): Error => late

describe('callWithTimeout', () => {
  it('leaves no timer and no listener behind', async () => {
    const clock = new SimulatedClock()
    const { signal } = new AbortController()
    const options = { clock, timeoutMs: 1_000, timeoutError, signal }
    expect(await callWithTimeout(async () => 'answer', options)).toBe('answer')
    expect(clock.sleeperCount).toBe(0)
    await expect(
      callWithTimeout(() => {
        throw 'thrown at once'
      }, options),
    ).rejects.toBe('thrown at once')
    expect(clock.sleeperCount).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('stops waiting for one that ignores its signal, and tells it', async () => {
    const clock = new SimulatedClock()
    let told: AbortSignal | undefined
    const calling = callWithTimeout(
      (signal) => {
        told = signal
        return new Promise(() => {})
      },
      { clock, timeoutMs: 1_000, timeoutError },
    )
    const outcome = expect(calling).rejects.toBe(late)
    await clock.advance(999)
    expect(told?.aborted).toBe(false)
    await clock.advance(1)
    await outcome
    expect(told?.reason).toBe(late)
  })

  it('does not keep anything waiting by its timer alone', async () => {
    const clock = new SimulatedClock({ selfAdvancing: true })
    const slow = async (): Promise<string> => {
      for (let turn = 0; turn < 5; turn++) await setImmediate()
      return 'answer'
    }
    expect(await callWithTimeout(slow, { clock, timeoutMs: 10, timeoutError })).toBe('answer')
    expect(clock.monotonic()).toBe(0)
  })

  it('says what we say, even when an obedient call answers the abort with words of its own', async () => {
    const clock = new SimulatedClock()
    const calling = callWithTimeout(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('canceled by the client')))
        }),
      { clock, timeoutMs: 10, timeoutError },
    )
    const outcome = expect(calling).rejects.toBe(late)
    await clock.advance(10)
    await outcome
  })

  it('forgets what an abandoned call says later', async () => {
    const clock = new SimulatedClock()
    let fail = (_error: Error): void => {}
    const calling = callWithTimeout(
      () =>
        new Promise((_, reject) => {
          fail = reject
        }),
      { clock, timeoutMs: 10, timeoutError },
    )
    const outcome = expect(calling).rejects.toBe(late)
    await clock.advance(10)
    await outcome
    fail(new Error('an answer that nobody waits for'))
    await clock.advance(0)
  })

  it('rejects at once with the reason when aborted, before or meanwhile', async () => {
    const clock = new SimulatedClock()
    const controller = new AbortController()
    const reason = Symbol('reason')
    let calls = 0
    const hang = (): Promise<never> => {
      calls++
      return new Promise(() => {})
    }
    const options = { clock, timeoutMs: 1_000, timeoutError, signal: controller.signal }
    const outcome = expect(callWithTimeout(hang, options)).rejects.toBe(reason)
    controller.abort(reason)
    await outcome
    await expect(callWithTimeout(hang, options)).rejects.toBe(reason)
    expect(calls).toBe(1)
    expect(clock.sleeperCount).toBe(0)
  })
})
