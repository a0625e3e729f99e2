import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  collectionSpec,
  GENERATED_IDS,
  metadata,
  propertyRuns,
  record,
  records,
  storeSteps,
} from '../../src/testing/generators.ts'

const RUNS = propertyRuns(process.env, 200)

describe('generators', () => {
  it('make records that every store can hold', async () => {
    await fc.assert(
      fc.asyncProperty(record({ dimension: 3 }), async ({ id, vector }) => {
        expect(GENERATED_IDS).toContain(id)
        expect(vector).toHaveLength(3)
        expect(vector.every(Number.isFinite)).toBe(true)
        expect(vector.some((component) => component !== 0)).toBe(true)
      }),
      RUNS,
    )
  })

  it('make metadata that comes back from JSON as it was', async () => {
    await fc.assert(
      fc.asyncProperty(metadata(), async (value) => {
        expect(JSON.parse(JSON.stringify(value))).toEqual(value)
      }),
      RUNS,
    )
  })

  it('make flat metadata where that is asked for, and nested elsewhere', () => {
    const isFlat = (value: object): boolean =>
      Object.values(value).every((one) => typeof one !== 'object')
    const flat = fc.sample(metadata({ metadata: 'flat' }), { ...RUNS, numRuns: 300 })
    const any = fc.sample(metadata(), { ...RUNS, numRuns: 300 })
    expect(flat.every(isFlat)).toBe(true)
    expect(any.every(isFlat)).toBe(false)
    expect(flat.some((value) => Object.keys(value).length > 1)).toBe(true)
  })

  it('never give an id twice to one call', async () => {
    await fc.assert(
      fc.asyncProperty(records(), async (batch) => {
        expect(new Set(batch.map(({ id }) => id)).size).toBe(batch.length)
      }),
      RUNS,
    )
  })

  it('make specs with the metrics that there are', () => {
    const specs = fc.sample(collectionSpec({ metrics: ['dot'], dimension: 5 }), 50)
    for (const spec of specs) expect(spec).toMatchObject({ metric: 'dot', dimension: 5 })
  })

  it('make steps of every type', () => {
    const steps = fc.sample(storeSteps(), { ...RUNS, numRuns: 100 }).flat()
    const types = new Set(steps.map(({ type }) => type))
    expect([...types].sort()).toEqual(['create', 'delete', 'drop', 'put', 'rename'])
  })
})

describe('propertyRuns', () => {
  it('runs as often as it was told, with a seed that fast-check draws', () => {
    expect(propertyRuns({}, 200)).toEqual({ numRuns: 200 })
  })

  it('multiplies the runs, and repeats a seed', () => {
    expect(propertyRuns({ EFFORT: '10', SEED: '-7' }, 200)).toEqual({ numRuns: 2000, seed: -7 })
    expect(propertyRuns({ EFFORT: '0.001' }, 200)).toEqual({ numRuns: 1 })
  })

  it.each([{ EFFORT: 'much' }, { EFFORT: '0' }, { EFFORT: '' }, { SEED: '1.5' }, { SEED: 'x' }])(
    'refuses %j',
    (environment) => {
      expect(() => propertyRuns(environment, 200)).toThrow(RangeError)
    },
  )
})
