import { expect, test } from 'vitest'
import { GetDecoder } from '../src/get-decoder.ts'
import { UnusualAnswerError } from '../src/vectors-reader.ts'

function decode(json: string): { columns: unknown; vectors: readonly Float32Array[] } {
  const decoder = new GetDecoder()
  decoder.push(new TextEncoder().encode(json))
  return { columns: decoder.columns(), vectors: decoder.vectors() }
}

test.each([
  ['a record without a vector', '{"ids":["a","b"],"embeddings":[[1.5],null]}'],
  ['components that are lost', '{"ids":["a"],"embeddings":[[1.5,null]]}'],
  ['numbers that are no vector', '{"ids":["a"],"embeddings":[1.5,2]}'],
  ['lists in a vector', '{"ids":["a"],"embeddings":[[1,[2]]]}'],
  ['vectors as text', '{"ids":["a"],"embeddings":["AACAPw=="]}'],
  ['half a number', '{"ids":["a"],"embeddings":[[-,1]]}'],
  ['two signs', '{"ids":["a"],"embeddings":[[1-2]]}'],
  ['spaces', '{"ids":["a"],"embeddings":[ [1] ]}'],
  ['a number without an end', `{"ids":["a"],"embeddings":[[1.${'0'.repeat(500)}`],
])('is left to somebody else when it has %s', (_, json) => {
  expect(() => decode(json)).toThrow(UnusualAnswerError)
})

test('without vectors it has none', () => {
  expect(decode('{"ids":["a"],"embeddings":null,"documents":[["embeddings"]]}')).toEqual({
    columns: { ids: ['a'], embeddings: null, documents: [['embeddings']] },
    vectors: [],
  })
})

test.each([
  '{"ids":["a"],"embeddings":[[1.5,2',
  '{"ids":["a"],"embeddings":[[1.5,2]],"doc',
  '{"ids":["a',
  '',
])('that was cut off is an error: %s', (json) => {
  expect(() => decode(json)).toThrow(SyntaxError)
})

test('vectors do not share their memory', () => {
  const { vectors } = decode('{"ids":["a","b"],"embeddings":[[1,2],[3]]}')
  expect(vectors.map((vector) => [vector.length, vector.buffer.byteLength])).toEqual([
    [2, 8],
    [1, 4],
  ])
})
