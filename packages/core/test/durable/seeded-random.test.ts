import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/testing/seeded-random.ts'

describe('SeededRandom', () => {
  it('repeats itself for equal seeds and differs for others', () => {
    const take = (seed: number): string => Buffer.from(new SeededRandom(seed).bytes(64)).toString()
    expect(take(42)).toBe(take(42))
    expect(new Set(Array.from({ length: 1_000 }, (_, seed) => take(seed))).size).toBe(1_000)
  })

  it('is spread evenly', () => {
    const random = new SeededRandom(7)
    const buckets = new Array<number>(10).fill(0)
    for (let draw = 0; draw < 100_000; draw++) {
      const bucket = random.integer(10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    // Nine degrees of freedom: above 28 in one of a thousand sequences, and this one is fixed.
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chiSquare).toBeLessThan(28)
  })
})
