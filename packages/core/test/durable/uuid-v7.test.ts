import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/durable/system-clock.ts'
import { systemRandom } from '../../src/durable/system-random.ts'
import { uuidV7 } from '../../src/durable/uuid-v7.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('uuidV7', () => {
  it('has version, variant and the time in front', () => {
    // The time of the example in RFC 9562, A.6.
    const clock = new SimulatedClock({ startMs: 0x017f22e279b0 })
    const id = uuidV7(clock, new SeededRandom(1))
    expect(id).toMatch(FORM)
    expect(id.startsWith('017f22e2-79b0-7')).toBe(true)
  })

  it('increases within one millisecond, for more ids than the counter holds', () => {
    const clock = new SimulatedClock()
    const random = new SeededRandom(2)
    const ids = Array.from({ length: 10_000 }, () => uuidV7(clock, random))
    expect(ids).toEqual([...new Set(ids)].sort())
    for (const id of ids) expect(id).toMatch(FORM)
  })

  it('increases when the clock goes back', () => {
    const random = new SeededRandom(3)
    let now = 5_000
    const clock = { ...systemClock, now: () => now }
    const first = uuidV7(clock, random)
    now = 1_000
    expect(uuidV7(clock, random) > first).toBe(true)
  })

  it('increases on the machine itself', () => {
    const ids = Array.from({ length: 1_000 }, () => uuidV7(systemClock, systemRandom))
    expect(ids).toEqual([...new Set(ids)].sort())
  })
})
