import type { Metric } from '../../model/collection.ts'
import type { VectorRecord } from '../../model/record.ts'
import type { VectorStoreAdapter } from '../../store/adapter.ts'
import {
  type AdapterScenario,
  assertHolds,
  createFilled,
  DIMENSION,
  putAll,
  readAll,
  toleranceOf,
} from './fixtures.ts'

/** Rounds of reading and writing back: what a rename by copy, a restore and an undo do. */
const COPY_ROUNDS = 3

function keeping(
  key: string,
  title: string,
  components: readonly number[],
  applies: (store: VectorStoreAdapter, metric: Metric) => boolean = () => true,
): AdapterScenario {
  return {
    key: `fidelity.${key}`,
    title,
    async run(store) {
      for (const [index, metric] of store.traits.metrics.entries()) {
        if (!applies(store, metric)) continue
        const records = withComponents(components)
        const docs = await createFilled(store, `docs${index}`, records, { metric })
        await assertHolds(store, docs, records)
      }
    },
  }
}

const isExact = (store: VectorStoreAdapter, metric: Metric): boolean =>
  toleranceOf(store.traits, metric) === 0

/** Components that binary fractions can't hold, of ordinary sizes. */
const ORDINARY = [0.1, -0.2, 1 / 3, 2 / 3, 7.7, -123.456, 0.001, 1e-3, 42, 1e3, -5e-2, 0.987654321]

export const fidelityScenarios: readonly AdapterScenario[] = [
  keeping('ordinary', 'ordinary vectors are read as `vectorFidelity` says', ORDINARY),
  keeping(
    'range',
    'very large and very small components are kept to the bit',
    [1e18, -1e18, 1e-18, 1.1754944e-38, 1e-40, -1e-45, 3.3e17, 1 + 2 ** -23],
    isExact,
  ),
  keeping('negative-zero', 'a negative zero stays negative', [1, -0, 0, -1], isExact),
  {
    key: 'fidelity.copies',
    title: 'what is read and put back stays what it was',
    async run(store) {
      for (const [index, metric] of store.traits.metrics.entries()) {
        const records = withComponents(ORDINARY)
        const docs = await createFilled(store, `docs${index}`, records, { metric })
        for (let round = 0; round < COPY_ROUNDS; round++) {
          await putAll(store, docs, [...(await readAll(store, docs)).values()])
          await assertHolds(store, docs, records)
        }
      }
    },
  },
]

/** Records in which each component comes at each place, none of them without a length. */
function withComponents(components: readonly number[]): VectorRecord[] {
  return components.map((_, start) => ({
    id: `r${start}`,
    vector: Float32Array.from(
      { length: DIMENSION },
      (_, offset) => components[(start + offset) % components.length] as number,
    ),
  }))
}
