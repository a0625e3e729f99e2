import type { VectorRecord } from '@holdfast/core'
import { expect, test } from 'vitest'
import { FIRST_PAGE_RECORDS, PAGE_BYTES_WANTED, UPSERT_COMPONENTS_MAX } from '../src/limits.ts'
import { contentBytes, PageSize } from '../src/page-size.ts'
import { groupsOf } from '../src/put-records.ts'

const recordOf = (dimension: number, text?: string): VectorRecord => ({
  id: 'r',
  vector: new Float32Array(dimension),
  ...(text === undefined ? {} : { text }),
})

test('starts small, and grows to what the records allow, at most twofold each time', () => {
  const size = new PageSize(1_000)
  const seen: number[] = []
  for (let page = 0; page < 6; page++) {
    seen.push(size.records)
    size.learn([recordOf(384)])
  }
  expect(seen[0]).toBe(FIRST_PAGE_RECORDS)
  expect(seen[1]).toBe(2 * FIRST_PAGE_RECORDS)
  const bytes = 384 * 12 + 101
  expect(seen.at(-1)).toBe(Math.floor(PAGE_BYTES_WANTED / bytes))
})

test('knows the right size at once where the dimension is known', () => {
  expect(new PageSize(1_000, 3_072).records).toBe(
    Math.floor(PAGE_BYTES_WANTED / (3_072 * 12 + 100)),
  )
})

test('shrinks to single records when these are large, and never beyond what is asked for', () => {
  const size = new PageSize(10)
  expect(size.records).toBe(10)
  size.learn([recordOf(4, 'x'.repeat(PAGE_BYTES_WANTED))])
  expect(size.records).toBe(1)
  for (let page = 0; page < 10; page++) size.learn([recordOf(4)])
  expect(size.records).toBe(10)
  size.learn([])
  expect(size.records).toBe(10)
})

test('metadata counts as what it has of text and entries', () => {
  const bare = contentBytes(recordOf(4))
  const metadata = { a: 'xxxxx', b: [1, 2, 3], c: true }
  expect(contentBytes({ ...recordOf(4), metadata })).toBe(bare + 3 * 30 + 5 + 3 * 30)
})

test('groups keep to the number of records, their components and their text', () => {
  const sizes = (records: VectorRecord[], max: number): number[] =>
    [...groupsOf(records, max)].map((group) => group.length)
  expect(sizes([], 10)).toEqual([])
  expect(sizes(Array(25).fill(recordOf(4)), 10)).toEqual([10, 10, 5])
  expect(sizes(Array(5).fill(recordOf(UPSERT_COMPONENTS_MAX / 2)), 10)).toEqual([2, 2, 1])
  expect(sizes(Array(2).fill(recordOf(UPSERT_COMPONENTS_MAX + 1)), 10)).toEqual([1, 1])
  expect(sizes(Array(3).fill(recordOf(4, 'x'.repeat(900_000))), 10)).toEqual([2, 1])
})
