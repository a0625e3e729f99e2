import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { ManifestBuilder, sameManifest } from '../../src/model/manifest.ts'
import type { VectorRecord } from '../../src/model/record.ts'

function manifestOf(records: readonly VectorRecord[]): ReturnType<ManifestBuilder['build']> {
  const builder = new ManifestBuilder()
  builder.addAll(records)
  return builder.build()
}

const A: VectorRecord = { id: 'a', vector: Float32Array.of(1, -0), metadata: { x: 1, y: [2] } }
const B: VectorRecord = { id: 'b', vector: Float32Array.of(3, 4), text: 'B'.repeat(5000) }

it('hashes a record as its format says', () => {
  const head = '["a",null,"{\\"x\\":1,\\"y\\":[2]}",2]'
  const vector = Buffer.from(Float32Array.of(1, -0).buffer)
  const digest = createHash('sha256').update(head).update(vector).digest('hex')
  expect(manifestOf([A])).toEqual({ count: 1, digest })
})

it('does not depend on the order, nor on how the vector lies in memory', () => {
  const moved = { ...B, vector: Float32Array.of(9, 3, 4, 9).subarray(1, 3) }
  expect(manifestOf([A, B])).toEqual(manifestOf([moved, A]))
})

it('takes absent and empty metadata for the same', () => {
  expect(manifestOf([B])).toEqual(manifestOf([{ ...B, metadata: {} }]))
})

it.each<[string, VectorRecord]>([
  ['the sign of a zero', { ...A, vector: Float32Array.of(1, 0) }],
  ['one component', { ...A, vector: Float32Array.of(1.0000001, -0) }],
  ['metadata', { ...A, metadata: { x: 1, y: [3] } }],
  ['an empty text', { ...A, text: '' }],
  ['the id', { ...A, id: 'A' }],
])('tells %s apart', (_, other) => {
  expect(sameManifest(manifestOf([A]), manifestOf([other]))).toBe(false)
})

it('does not let two equal records cancel each other', () => {
  expect(manifestOf([A, A]).digest).not.toBe(manifestOf([]).digest)
  expect(manifestOf([A, A]).digest).not.toBe(manifestOf([B, B]).digest)
})
