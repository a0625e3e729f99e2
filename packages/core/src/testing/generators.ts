import * as fc from 'fast-check'
import type { CollectionSpec, Metric } from '../model/collection.ts'
import type { JsonValue, Metadata, VectorRecord } from '../model/record.ts'

/** Few, so that the same record is put, replaced and deleted within one run. */
export const GENERATED_IDS: readonly string[] = ['a', 'A', 'b', 'é', '日本語', '👩‍👩‍👧', 'r 1']
/** Few, so that names are taken, dropped and taken again. */
const GENERATED_NAMES: readonly string[] = ['docs', 'papers', 'notes']

export interface GeneratorOptions {
  /** Components per vector. Default 2. */
  readonly dimension?: number
  /** `flat` for stores that hold strings, numbers and booleans only. Default `any`: all of JSON. */
  readonly metadata?: 'any' | 'flat'
  /** Metrics that the store knows. Default: all of them. */
  readonly metrics?: readonly Metric[]
}

/** One thing that is done to a store. */
export type StoreStep =
  | { readonly type: 'create'; readonly spec: CollectionSpec }
  | { readonly type: 'drop'; readonly name: string }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'put'; readonly name: string; readonly records: readonly VectorRecord[] }
  | { readonly type: 'delete'; readonly name: string; readonly ids: readonly string[] }

/**
 * What `fc.assert` takes: `EFFORT` multiplies the number of runs, `SEED` repeats a failure. Without
 * `SEED` fast-check draws one, and prints it when a run fails.
 * @throws RangeError when one of them is not a number
 * @example
 * fc.assert(property, propertyRuns(process.env, 200))
 */
export function propertyRuns(
  environment: Readonly<Record<string, string | undefined>>,
  runs: number,
): { readonly numRuns: number; readonly seed?: number } {
  const { SEED: seed, EFFORT: effort = '1' } = environment
  const multiplier = numberIn('EFFORT', effort, (value) => value > 0 && Number.isFinite(value))
  const numRuns = Math.max(1, Math.round(runs * multiplier))
  return seed === undefined
    ? { numRuns }
    : { numRuns, seed: numberIn('SEED', seed, Number.isInteger) }
}

/** Sequences of steps for a store and its model: most steps meet what an earlier one left. */
export function storeSteps(options: GeneratorOptions = {}): fc.Arbitrary<StoreStep[]> {
  return fc.array(storeStep(options), { maxLength: 20 })
}

function storeStep(options: GeneratorOptions): fc.Arbitrary<StoreStep> {
  const name = fc.constantFrom(...GENERATED_NAMES)
  const ids = fc.uniqueArray(recordId(), { maxLength: 4 })
  return fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('create'), spec: collectionSpec(options) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('drop'), name }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('rename'), from: name, to: name }) },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('put'), name, records: records(options) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('delete'), name, ids }) },
  )
}

export function collectionSpec(options: GeneratorOptions = {}): fc.Arbitrary<CollectionSpec> {
  const { dimension = 2, metrics = ['cosine', 'dot', 'euclidean'] } = options
  return fc.record(
    {
      name: fc.constantFrom(...GENERATED_NAMES),
      metric: fc.constantFrom(...metrics),
      dimension: fc.constant(dimension),
      metadata: metadata(options),
    },
    { requiredKeys: ['name', 'metric', 'dimension'] },
  )
}

/** Records of one call: no id twice. */
export function records(options: GeneratorOptions = {}): fc.Arbitrary<VectorRecord[]> {
  return fc.uniqueArray(record(options), { maxLength: 4, selector: ({ id }) => id })
}

export function record(options: GeneratorOptions = {}): fc.Arbitrary<VectorRecord> {
  return fc.record(
    {
      id: recordId(),
      vector: vector(options.dimension ?? 2),
      metadata: metadata(options),
      text: fc.constantFrom('', 'text', 'e\u0301', '👩‍👩‍👧\n'),
    },
    { requiredKeys: ['id', 'vector'] },
  )
}

function recordId(): fc.Arbitrary<string> {
  return fc.constantFrom(...GENERATED_IDS)
}

/** Never of length zero, which has no cosine; components that binary fractions can't hold, too. */
function vector(dimension: number): fc.Arbitrary<Float32Array> {
  const first = fc.constantFrom(-2, -0.1, 0.1, 1, 3)
  const others = fc.array(fc.constantFrom(-1, -1 / 3, 0, 0.7, 1), {
    minLength: dimension - 1,
    maxLength: dimension - 1,
  })
  return fc.tuple(first, others).map(([head, tail]) => Float32Array.of(head, ...tail))
}

export function metadata({
  metadata: kind = 'any',
}: GeneratorOptions = {}): fc.Arbitrary<Metadata> {
  const key = fc.constantFrom('a', 'b', 'é', 'two words', 'a.b')
  const flat = fc.oneof(
    fc.constantFrom('', 'a', 'é', '日本語'),
    fc.integer({ min: -3, max: 3 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(withoutNegativeZero),
    fc.boolean(),
  )
  const of = (value: fc.Arbitrary<JsonValue>): fc.Arbitrary<Metadata> =>
    fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true })
  if (kind === 'flat') return of(flat)
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      flat,
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      of(tie('value')),
    ),
  }))
  return of(value)
}

/** JSON has none. */
function withoutNegativeZero(value: number): number {
  return value === 0 ? 0 : value
}

function numberIn(name: string, text: string, accepts: (value: number) => boolean): number {
  const value = Number(text)
  if (text.trim() !== '' && accepts(value)) return value
  throw new RangeError(`${name} can't be ${JSON.stringify(text)}.`)
}
