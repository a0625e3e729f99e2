import { describe, expect, it } from 'vitest'
import type { Random } from '../../src/durable/random.ts'
import { type RetryOptions, retry } from '../../src/store/retry.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

const flaky = new Error('flaky')

describe('retry', () => {
  it('returns the first success, and counts attempts from 1', async () => {
    const attempts: number[] = []
    const run = async (attempt: number): Promise<string> => {
      attempts.push(attempt)
      if (attempt < 3) throw flaky
      return 'done'
    }
    expect(await retry(run, options({}))).toBe('done')
    expect(attempts).toEqual([1, 2, 3])
  })

  it('gives up after the last attempt, with the last error', async () => {
    let calls = 0
    const run = async (): Promise<never> => {
      throw new Error(`failure ${++calls}`)
    }
    await expect(retry(run, options({ attemptsMax: 4 }))).rejects.toThrow('failure 4')
    expect(calls).toBe(4)
  })

  it('does not repeat what can not be helped', async () => {
    let calls = 0
    const run = async (): Promise<never> => {
      calls++
      throw flaky
    }
    await expect(retry(run, options({ isRetryable: () => false }))).rejects.toBe(flaky)
    expect(calls).toBe(1)
  })

  it('pauses between zero and a bound that doubles up to its maximum', async () => {
    const clock = new SimulatedClock({ selfAdvancing: true })
    const startsMs: number[] = []
    const run = async (): Promise<never> => {
      startsMs.push(clock.monotonic())
      throw flaky
    }
    const fixed = { clock, attemptsMax: 6, delayMs: 100, delayMsMax: 500, random: always(0.999) }
    await expect(retry(run, options(fixed))).rejects.toBe(flaky)
    const pausesMs = startsMs.slice(1).map((atMs, index) => atMs - (startsMs[index] as number))
    expect(pausesMs.map(Math.round)).toEqual([100, 200, 400, 500, 500])

    startsMs.length = 0
    await expect(retry(run, options({ ...fixed, random: always(0) }))).rejects.toBe(flaky)
    expect(new Set(startsMs).size).toBe(1)
  })

  it('starts no attempt after the deadline', async () => {
    const clock = new SimulatedClock({ selfAdvancing: true })
    let lastMs = 0
    const run = async (): Promise<never> => {
      lastMs = clock.monotonic()
      throw flaky
    }
    const many = { clock, attemptsMax: 1_000, delayMs: 40, delayMsMax: 40, deadlineMs: 1_000 }
    await expect(retry(run, options(many))).rejects.toBe(flaky)
    expect(lastMs).toBeGreaterThan(900)
    expect(lastMs).toBeLessThanOrEqual(1_000)
  })

  it('does not start when aborted, and passes the reason on unchanged', async () => {
    const reason = { why: 'enough' }
    const run = async (): Promise<never> => {
      throw new Error('must not run')
    }
    await expect(retry(run, options({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  })

  it('ends a pause when aborted', async () => {
    const clock = new SimulatedClock()
    const controller = new AbortController()
    let calls = 0
    const run = async (): Promise<never> => {
      calls++
      throw flaky
    }
    const retrying = retry(run, options({ clock, random: always(0.5), signal: controller.signal }))
    const outcome = expect(retrying).rejects.toBe('enough')
    await clock.advance(0)
    expect(clock.sleeperCount).toBe(1)
    controller.abort('enough')
    await outcome
    expect(calls).toBe(1)
    expect(clock.sleeperCount).toBe(0)
  })
})

function options(changes: Partial<RetryOptions>): RetryOptions {
  return {
    clock: new SimulatedClock({ selfAdvancing: true }),
    random: new SeededRandom(1),
    attemptsMax: 5,
    delayMs: 100,
    delayMsMax: 1_000,
    deadlineMs: 60_000,
    isRetryable: () => true,
    ...changes,
  }
}

function always(value: number): Random {
  return { next: () => value, bytes: (length) => new Uint8Array(length) }
}
