import assert from 'node:assert/strict'
import type { JsonValue, Metadata, VectorRecord } from '../../model/record.ts'
import { assertHonest } from './expectations.ts'
import { type AdapterScenario, assertHolds, createFilled, vectorAt } from './fixtures.ts'

/** What every store must take. */
const COMMON: readonly Metadata[] = [
  {},
  { text: 'word', empty: '', yes: true, no: false, whole: 7, negative: -7, zero: 0, part: 0.25 },
  { 'key with space': 'é', ключ: '日本語', emoji: '👩‍👩‍👧' },
]

const VALUES: readonly JsonValue[] = [
  null,
  [],
  {},
  ['a', 'b'],
  [1, 'mixed', true, null],
  [[1], [2]],
  { nested: { deeper: [{ deepest: 1 }] } },
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53 + 2,
  -(2 ** 53),
  1e21,
  1e-7,
  0.1 + 0.2,
  5e-324,
  1.7976931348623157e308,
  'x'.repeat(10_000),
  ' spaces around ',
  'line\nbreak\r\ttab',
  'nul \u0000 inside',
  'e\u0301 is not \u00e9',
  'true',
  '1',
  'null',
]

const KEYS: readonly string[] = [
  '',
  'a.b',
  '$set',
  '_id',
  'id',
  'vector',
  'document',
  'text',
  'chroma:document',
  '#name',
  'quote\'"',
  'back\\slash',
  'nul\u0000',
  'x'.repeat(300),
  'constructor',
  '__proto__',
]

const TEXTS: readonly string[] = [
  '',
  ' ',
  'null',
  'line\nbreak\r\ttab',
  'nul \u0000 inside',
  'e\u0301 is not \u00e9',
  '👩‍👩‍👧',
  'x'.repeat(20_000),
]

export const recordProblemScenarios: readonly AdapterScenario[] = [
  {
    key: 'recordProblem.common',
    title: 'flat metadata and text are taken, and come back',
    async run(store) {
      const records = COMMON.map((metadata, index) => recordWith(index, { metadata, text: 'text' }))
      for (const record of records) assert.equal(store.recordProblem?.(record), undefined)
      const docs = await createFilled(store, 'docs', records)
      await assertHolds(store, docs, records)
    },
  },
  keptOrRefused(
    'values',
    'every metadata value is kept as it is, or refused',
    VALUES.map((value, index) => recordWith(index, { metadata: { value, other: 1 } })),
  ),
  keptOrRefused(
    'keys',
    'every metadata key is kept as it is, or refused',
    // Through JSON, because in a literal `__proto__` is no key.
    KEYS.map((key, index) =>
      recordWith(index, { metadata: JSON.parse(`{${JSON.stringify(key)}: "value"}`) }),
    ),
  ),
  keptOrRefused(
    'texts',
    'every text is kept as it is, or refused',
    TEXTS.map((text, index) => recordWith(index, { text })),
  ),
]

function keptOrRefused(
  key: string,
  title: string,
  records: readonly VectorRecord[],
): AdapterScenario {
  return {
    key: `recordProblem.${key}`,
    title,
    async run(store) {
      const docs = await createFilled(store, 'docs')
      for (const record of records) {
        const problem = store.recordProblem?.(record)
        assert.equal(store.recordProblem?.(record), problem, 'recordProblem changed its mind')
        if (problem === undefined) {
          await store.putRecords(docs, [record])
          await assertHolds(store, docs, [record])
          await store.deleteRecords(docs, [record.id])
        } else {
          assert.ok(problem.length > 0, 'a problem is a sentence')
          await assertHonest(store.putRecords(docs, [record]), `a record that has a problem`)
          await assertHolds(store, docs, [])
        }
      }
    },
  }
}

function recordWith(
  index: number,
  content: { readonly metadata?: Metadata; readonly text?: string },
): VectorRecord {
  return { id: `r${index}`, vector: vectorAt(index), ...content }
}
