import type { JsonValue, VectorRecord } from '@holdfast/core'
import fc from 'fast-check'

const DIMENSION = 3

/** Tiny, so that records meet; and strange, so that what they are called matters. */
const ids = fc.constantFrom('a', 'b', "o'clock", 'é', 'line\nbreak', '__proto__')
const keys = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'constructor', 'chroma:uri') },
  fc.constantFrom('', '$and', '#document', 'chroma:document', 'nul \u0000 inside', '日本'),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)
const texts = fc.string({ unit: fc.constantFrom('x', '\u0000', '\n', '"', '😀', 'é', '\uffff') })

/** Numbers of every kind that JSON knows: short decimals, whole ones, and any bits. */
const numbers = fc.oneof(
  fc.integer().map((hundredths) => hundredths / 100),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 64, 1e21, 1e300, 5e-324, 0.1 + 0.2),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1 }),
)
const scalars: fc.Arbitrary<JsonValue> = fc.oneof(numbers, texts, fc.boolean())
const values: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 6, arbitrary: scalars },
  fc.array(numbers, { maxLength: 4 }),
  fc.array(texts, { maxLength: 4 }),
  fc.array(fc.boolean(), { maxLength: 4 }),
  fc.constantFrom<JsonValue>(null, [1, 'a'], [null], { nested: 1 }),
)

/** Also records that Chroma can't hold. */
export const arbitraryRecord: fc.Arbitrary<VectorRecord> = fc
  .record(
    {
      id: ids,
      vector: fc
        .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }), {
          minLength: DIMENSION,
          maxLength: DIMENSION,
        })
        .map((components) => Float32Array.from(components)),
      metadata: fc.dictionary(keys, values, { maxKeys: 4 }),
      text: texts,
    },
    { requiredKeys: ['id', 'vector'] },
  )
  .map((record) => record as VectorRecord)

export const arbitraryBatch: fc.Arbitrary<readonly VectorRecord[]> = fc.uniqueArray(
  arbitraryRecord,
  { selector: ({ id }) => id, maxLength: 6 },
)
