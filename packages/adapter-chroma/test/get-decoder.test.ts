import { expect, test } from 'vitest'
import { GetDecoder } from '../src/get-decoder.ts'
import { UnusualAnswerError } from '../src/vectors-reader.ts'

function decode(
  json: string,
  chunkBytes = Infinity,
): { columns: unknown; vectors: readonly Float32Array[] } {
  const decoder = new GetDecoder()
  const bytes = new TextEncoder().encode(json)
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    decoder.push(bytes.subarray(at, at + chunkBytes))
  }
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
  ['a comma too many', '{"ids":["a"],"embeddings":[[1,,2]]}'],
  ['a comma after the last number', '{"ids":["a"],"embeddings":[[1,2,]]}'],
  ['a comma before the first number', '{"ids":["a"],"embeddings":[[,1]]}'],
  ['a comma after the last vector', '{"ids":["a"],"embeddings":[[1,2],]}'],
  ['a comma before the first vector', '{"ids":["a"],"embeddings":[,[1,2]]}'],
  ['no comma between two vectors', '{"ids":["a","b"],"embeddings":[[1,2][3,4]]}'],
  ['no comma before a number', '{"ids":["a"],"embeddings":[[1,2]3]}'],
  ['a vector without components', '{"ids":["a"],"embeddings":[[]]}'],
  ['a leading zero', '{"ids":["a"],"embeddings":[[01]]}'],
  ['a leading zero after a sign', '{"ids":["a"],"embeddings":[[-00.5]]}'],
  ['no digit before the point', '{"ids":["a"],"embeddings":[[.5]]}'],
  ['no digit after the point', '{"ids":["a"],"embeddings":[[1.]]}'],
  ['no digit in the exponent', '{"ids":["a"],"embeddings":[[1e]]}'],
  ['a plus', '{"ids":["a"],"embeddings":[[+1]]}'],
  ['two points', '{"ids":["a"],"embeddings":[[1.2.3]]}'],
  ['vectors twice', '{"ids":["a"],"embeddings":[[1]],"embeddings":[[2]]}'],
  ['vectors, then none', '{"ids":["a"],"embeddings":[[1]],"embeddings":null}'],
  ['none, then vectors', '{"ids":["a"],"embeddings":null,"embeddings":[[1]]}'],
  ['an escape in a key', '{"ids":["a"],"embeddings":[[1]],"embedding\\u0073":[[2]]}'],
  ['a number without an end', `{"ids":["a"],"embeddings":[[1.${'0'.repeat(500)}`],
])('is left to somebody else when it has %s', (_, json) => {
  expect(() => decode(json)).toThrow(UnusualAnswerError)
  // However it is cut: what has been read is remembered.
  expect(() => decode(json, 1)).toThrow(UnusualAnswerError)
})

test.each([
  ['no vectors', '{"ids":[],"embeddings":[]}', []],
  ['a zero of each kind', '{"ids":["a"],"embeddings":[[0,-0,0.0,-0e0,0E+1]]}', [[0, -0, 0, -0, 0]]],
  ['a byte order mark', '\uFEFF{"ids":["a"],"embeddings":[[1,2]]}', [[1, 2]]],
])('is read when it has %s', (_, json, vectors) => {
  const wanted = vectors.map((vector) => Float32Array.from(vector))
  expect(decode(json).vectors).toEqual(wanted)
  expect(decode(json, 1).vectors).toEqual(wanted)
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
