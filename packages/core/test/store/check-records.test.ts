import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { CollectionInfo } from '../../src/model/collection.ts'
import type { HoldfastError } from '../../src/model/errors.ts'
import type { Metadata, VectorRecord } from '../../src/model/record.ts'
import { checkRecords } from '../../src/store/check-records.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'

const store = new MemoryStore({ recordIdBytesMax: 8, dimensionMax: 4 })
const docs: CollectionInfo = { name: 'docs', metric: 'euclidean', dimension: 2 }
const open: CollectionInfo = { name: 'docs', metric: 'euclidean' }
const secret = 'content that no message may show'

describe('checkRecords', () => {
  it('lets through what a store can hold', async () => {
    await checkRecords(store, docs, [])
    await checkRecords(store, docs, [
      { id: 'a', vector: new Float32Array(2) },
      { id: 'ä☃', vector: vector(-0, 1e38), metadata: {}, text: '' },
      { id: '12345678', vector: vector(1, 2), metadata: everyJson(), text: '😀' },
    ])
    await checkRecords(store, open, [record({ vector: vector(1, 2, 3, 4) })])
  })

  it('sees metadata without a prototype, and from another realm', async () => {
    const bare = Object.assign(Object.create(null), { a: 1 }) as Metadata
    const foreign = runInNewContext('({ a: [{ b: 1 }] })') as Metadata
    const vectorToo = runInNewContext('Float32Array.of(1, 2)') as Float32Array
    await checkRecords(store, docs, [record({ metadata: bare })])
    await checkRecords(store, docs, [record({ metadata: foreign, vector: vectorToo })])
  })

  const invalid: Readonly<Record<string, readonly [Partial<VectorRecord>, RegExp]>> = {
    'an empty id': [{ id: '' }, /empty id/],
    'half of a surrogate pair in the id': [{ id: 'a\ud83d' }, /surrogate/],
    'a vector that is too short': [{ vector: vector(1) }, /1 components; the collection has 2/],
    'a vector that is too long': [
      { vector: vector(1, 2, 3) },
      /3 components; the collection has 2/,
    ],
    'no components': [{ vector: vector() }, /without components/],
    NaN: [{ vector: vector(1, Number.NaN) }, /NaN/],
    infinity: [{ vector: vector(Number.NEGATIVE_INFINITY, 1) }, /infinite/],
    'half of a surrogate pair in the text': [{ text: `${secret}\udc00` }, /surrogate/],
    'metadata that is no object': [{ metadata: [secret] as never }, /plain object/],
    'NaN in the metadata': [{ metadata: { [secret]: Number.NaN } }, /NaN/],
    'undefined in the metadata': [{ metadata: { [secret]: undefined } as never }, /undefined/],
    'a hole in the metadata': [{ metadata: { a: new Array(1) } as never }, /undefined/],
    'a date in the metadata': [{ metadata: { a: [new Date(0)] } as never }, /class/],
    'a big number in the metadata': [{ metadata: { a: 10n } as never }, /bigint/],
    'a function in the metadata': [{ metadata: { a: () => secret } as never }, /function/],
    'a cycle in the metadata': [{ metadata: cycle() }, /refers to itself/],
    'half of a pair in the metadata': [{ metadata: { a: `${secret}\ud83d` } }, /surrogate/],
    'half of a pair in a key': [{ metadata: { [`${secret}\ud83d`]: 1 } }, /surrogate/],
  }
  for (const [what, [changes, message]] of Object.entries(invalid)) {
    it(`refuses ${what}`, async () => {
      const error = await refusal(docs, [record(changes)])
      expect(error).toMatchObject({
        code: 'RECORD_INVALID',
        outcome: 'unchanged',
        retryable: false,
      })
      expect(error.message).toMatch(message)
      expect(error.details).toEqual({ recordId: changes.id ?? 'r1' })
      expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain(secret)
    })
  }

  it('refuses what is beyond the limits of the store', async () => {
    const long = await refusal(docs, [record({ id: '12345678é' })])
    expect(long).toMatchObject({ code: 'LIMIT_EXCEEDED', outcome: 'unchanged' })
    expect(long.message).toContain('10 bytes')
    const wide = await refusal(open, [record({ vector: new Float32Array(5).fill(1) })])
    expect(wide).toMatchObject({ code: 'LIMIT_EXCEEDED', outcome: 'unchanged' })
    expect(wide.message).toContain('Record "r1" has a vector of 5 components')
  })

  it('shows only the beginning of a very long id', async () => {
    const { message } = await refusal(docs, [record({ id: 'x'.repeat(100_000) })])
    expect(message.length).toBeLessThan(400)
  })

  it('refuses the second record of one id', async () => {
    const error = await refusal(docs, [record({}), record({ id: 'r2' }), record({})])
    expect(error.code).toBe('RECORD_INVALID')
    expect(error.message).toMatch(/"r1" is given twice/)
  })

  it('wants one dimension per call where the collection has none yet', async () => {
    const error = await refusal(open, [record({}), record({ id: 'r2', vector: vector(1) })])
    expect(error.message).toMatch(/"r2" has a vector of 1 components; others in this call have 2/)
  })

  it('refuses zeros under cosine only', async () => {
    const zero = record({ vector: vector(0, -0) })
    const error = await refusal({ ...docs, metric: 'cosine' }, [zero])
    expect(error.code).toBe('RECORD_INVALID')
    await checkRecords(store, { ...docs, metric: 'dot' }, [zero])
  })

  it('passes on what the adapter says', async () => {
    const picky = new MemoryStore({
      recordProblem: ({ metadata }) =>
        metadata === undefined ? undefined : 'It takes no metadata. Leave it out.',
    })
    const error = await refusal(docs, [record({ metadata: { a: 1 } })], picky)
    expect(error.code).toBe('RECORD_INVALID')
    expect(error.message).toBe(
      `Record "r1" can't be kept in this store: It takes no metadata. Leave it out.`,
    )
  })

  it('answers mistakes of the program with a TypeError', async () => {
    const wrong: readonly unknown[] = [
      'no array',
      [null],
      [{ id: 7, vector: vector(1, 2) }],
      [{ id: 'a', vector: [1, 2] }],
      [{ id: 'a', vector: new Float64Array(2) }],
      [{ id: 'a' }],
      [record({ text: 7 as never })],
    ]
    for (const records of wrong) {
      await expect(checkRecords(store, docs, records as never)).rejects.toThrow(TypeError)
    }
  })

  it('lets the event loop have its turns', async () => {
    const wide = new Float32Array(4096).fill(1)
    const records = Array.from({ length: 2_000 }, (_, index) => ({ id: `${index}`, vector: wide }))
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    const collection = { ...docs, dimension: 4096 }
    await checkRecords(new MemoryStore(), collection, records)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
  })
})

async function refusal(
  collection: CollectionInfo,
  records: readonly VectorRecord[],
  by: MemoryStore = store,
): Promise<HoldfastError> {
  const error: unknown = await checkRecords(by, collection, records).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'HoldfastError' })
  return error as HoldfastError
}

function record(changes: Partial<VectorRecord>): VectorRecord {
  return { id: 'r1', vector: vector(1, 2), ...changes }
}

function vector(...components: readonly number[]): Float32Array {
  return Float32Array.from(components)
}

function everyJson(): Metadata {
  return { a: null, b: [1, -1.5, 'x', [true], { c: {} }], '': false }
}

function cycle(): Metadata {
  const metadata: Record<string, unknown> = {}
  metadata['self'] = { metadata }
  return metadata as Metadata
}
