import { expect, test } from 'vitest'
import type { ChromaGetResult } from '../src/chroma-client.ts'
import { toChromaMetadata, toRecords, uriOf } from '../src/to-record.ts'

const answer = (changes: Partial<ChromaGetResult>): ChromaGetResult => ({
  ids: ['r'],
  embeddings: [[1, -0]],
  documents: [null],
  metadatas: [null],
  uris: [null],
  ...changes,
})
const vector = Float32Array.of(1, -0)

test('what is absent, empty or null in Chroma is absent', () => {
  expect(toRecords(answer({}), 'docs')).toEqual([{ id: 'r', vector }])
  expect(toRecords(answer({ metadatas: [{}] }), 'docs')).toEqual([{ id: 'r', vector }])
  expect(toRecords(answer({ uris: [] }), 'docs')).toEqual([{ id: 'r', vector }])
})

test('a text may be empty, and a URI is metadata', () => {
  const [record] = toRecords(answer({ documents: [''], uris: [''], metadatas: [{ a: 1 }] }), 'docs')
  expect(record).toEqual({ id: 'r', vector, text: '', metadata: { a: 1, 'chroma:uri': '' } })
  expect(record && uriOf(record)).toBe('')
  expect(toChromaMetadata(record?.metadata)).toEqual({ a: 1 })
  expect(toChromaMetadata({ 'chroma:uri': 'x' })).toBeNull()
  expect(toChromaMetadata({})).toBeNull()
})

test.each([
  ['no vector', { embeddings: [null] }, 'has no vector'],
  ['no vectors at all', { embeddings: [] }, '0 embeddings'],
  ['no texts at all', { documents: [] }, '0 documents'],
  ['no metadata at all', { metadatas: [] }, '0 metadatas'],
  ['more texts than records', { documents: ['a', 'b'] }, '2 documents'],
  ['more URIs than records', { uris: ['a', 'b'] }, '2 uris'],
  ['a lost vector', { embeddings: [[null, null] as unknown as number[]] }, 'lost'],
  ['a sparse vector', { metadatas: [{ s: { indices: [1], values: [1] } }] }, 'sparse vector'],
])('a record with %s is not taken for a whole one', (_, changes, why) => {
  expect(() => toRecords(answer(changes), 'docs')).toThrow(why)
})

test('vectors of different length are not taken for those of one collection', () => {
  const result = answer({
    ids: ['a', 'b'],
    embeddings: [[1, 2], [1]],
    documents: [null, null],
    metadatas: [null, null],
    uris: [],
  })
  expect(() => toRecords(result, 'docs')).toThrow(/Record "b" .* another length/)
})
