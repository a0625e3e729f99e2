import type { Metadata, VectorRecord } from '@holdfast/core'
import { expect, test } from 'vitest'
import { recordProblem } from '../src/record-problem.ts'

function recordWith(json: string): VectorRecord {
  // Through JSON, because in a literal `__proto__` is no key.
  return { id: 'r', vector: Float32Array.of(1), metadata: JSON.parse(json) as Metadata }
}

test.each([
  '{}',
  '{"a": 1, "b": "", "c": true, "d": 0.5, "constructor": "x"}',
  '{"tags": ["a", "b"], "counts": [1, 2], "ratios": [1, 0.5], "flags": [true]}',
  '{"chroma:uri": "file:a", "hnsw:space": "cosine", "a.b": 1, " ": 2}',
])('%s is taken', (json) => {
  expect(recordProblem(recordWith(json))).toBeUndefined()
})

test.each([
  ['{"": 1}', 'empty name'],
  ['{"__proto__": 1}', 'lost in JavaScript'],
  ['{"#document": "x"}', 'filters'],
  ['{"$and": 1}', 'filters'],
  ['{"chroma:document": 5}', 'keeps for itself'],
  ['{"chroma:document": "x"}', 'keeps for itself'],
  ['{"chroma:uri": 5}', 'URI'],
  ['{"a": null}', 'is null'],
  ['{"a": {"b": 1}}', 'is an object'],
  ['{"a": []}', 'empty list'],
  ['{"a": [1, "x"]}', 'different kinds'],
  ['{"a": [[1]]}', 'list of lists'],
  ['{"a": [null]}', 'list of lists, objects or null'],
  ['{"a": 123456789.12345679}', 'round it to 15 digits'],
  ['{"a": [0.5, 123456789.12345679]}', 'round it to 15 digits'],
])('%s is refused', (json, why) => {
  expect(recordProblem(recordWith(json))).toContain(why)
})

test('a record is measured as it is sent, escapes included', () => {
  const vector = Float32Array.of(1)
  const text = 'x'.repeat(7_000_000)
  expect(recordProblem({ id: 'r', vector, text })).toBeUndefined()
  expect(recordProblem({ id: 'r', vector, text: '\u0000'.repeat(7_000_000) })).toContain('split')
  const metadata = { a: text, tags: Array(6).fill(text) }
  expect(recordProblem({ id: 'r', vector, metadata })).toContain('bytes in a request')
})
