import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GetDecoder } from '../src/get-decoder.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)

/** As Chroma writes them, which is the shortest way to tell one float32 from all others. */
const float32Text = fc
  .oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ min: -1, max: 1, noNaN: true }),
  )
  .map((value) => shortestOf(value))
/** As anybody else may write them. */
const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.double({ noNaN: true, min: -100, max: 100 }).map((value) => value.toFixed(12)),
  fc.integer().map(String),
  fc.constantFrom('0', '-0', '0.0', '-0.0', '1e5', '1E-7', '12.5e+3', '0.000000000000000000000001'),
  fc.stringMatching(/^-?(0|[1-9]\d{0,30})\.\d{1,40}$/),
)
/** Words that could be taken for the key of the vectors, or for the end of something. */
const words = fc.oneof(
  fc.constantFrom('embeddings', '"embeddings":[', '\\', '\\"', '[[1,2]]', '}', ']', 'é日😀', ''),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)

interface Answer {
  readonly ids: readonly string[]
  readonly vectors: readonly (readonly string[])[]
  readonly texts: readonly string[]
}

const answers = fc
  .array(
    fc.record({
      id: words,
      vector: fc.array(fc.oneof(float32Text, numberText), { minLength: 1, maxLength: 6 }),
      text: words,
    }),
    { maxLength: 6 },
  )
  .map(
    (records): Answer => ({
      ids: records.map(({ id }) => id),
      vectors: records.map(({ vector }) => vector),
      texts: records.map(({ text }) => text),
    }),
  )

describe('an answer that is decoded while it arrives', () => {
  it('is what JSON.parse makes of it, to the bit, however it is cut', () => {
    const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 40 }))
    const property = fc.property(answers, fc.boolean(), cuts, (answer, isLate, lengths) => {
      const json = jsonOf(answer, isLate)
      const { columns, vectors } = decode(new TextEncoder().encode(json), lengths)
      const { embeddings, ...rest } = JSON.parse(json) as Record<string, unknown>
      expect(columns).toEqual({ ...rest, embeddings: [] })
      const wanted = (embeddings as number[][]).map((vector) => bitsOf(Float32Array.from(vector)))
      expect(vectors.map(bitsOf)).toEqual(wanted)
    })
    fc.assert(property, { seed: SEED, numRuns: 3_000 })
  })
})

function jsonOf({ ids, vectors, texts }: Answer, isLate: boolean): string {
  const embeddings = `"embeddings":[${vectors.map((vector) => `[${vector.join(',')}]`).join(',')}]`
  const others = `"ids":${JSON.stringify(ids)},"documents":${JSON.stringify(texts)}`
  // A key of that name further inside, and a value of that name, mean nothing.
  const traps = `"metadatas":[{"embeddings":[["x"]]}],"include":["embeddings"],"uris":null`
  return isLate
    ? `{${others},${traps},${embeddings}}`
    : `{"kind":"embeddings",${embeddings},${others},${traps}}`
}

function decode(
  bytes: Uint8Array,
  lengths: Iterable<number>,
): { columns: unknown; vectors: readonly Float32Array[] } {
  const decoder = new GetDecoder()
  let at = 0
  for (const length of lengths) {
    if (at >= bytes.length) break
    decoder.push(bytes.subarray(at, at + length))
    at += length
  }
  return { columns: decoder.columns(), vectors: decoder.vectors() }
}

function bitsOf(vector: Float32Array): readonly number[] {
  return [...new Uint32Array(vector.buffer, vector.byteOffset, vector.length)]
}

function shortestOf(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === Math.fround(value)) return text
  }
  return String(value)
}
