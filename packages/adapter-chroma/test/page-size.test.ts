import type { VectorRecord } from '@holdfast/core'
import { expect, test } from 'vitest'
import {
  BATCH_RECORDS_MAX,
  FIRST_PAGE_RECORDS,
  PAGE_BYTES_WANTED,
  PARSED_BYTES_WANTED,
  UPSERT_COMPONENTS_MAX,
} from '../src/limits.ts'
import { contentBytes, PageSize } from '../src/page-size.ts'
import { groupsOf } from '../src/put-records.ts'

const recordOf = (dimension: number, text?: string): VectorRecord => ({
  id: 'r',
  vector: new Float32Array(dimension),
  ...(text === undefined ? {} : { text }),
})

const RECORD_BYTES = 384 * 12 + 101

test('starts small, and grows to what can be parsed at once, at most twofold each time', () => {
  const size = new PageSize()
  const seen: number[] = []
  for (let page = 0; page < 6; page++) {
    seen.push(size.records)
    size.learn([recordOf(384)], false)
  }
  expect(seen[0]).toBe(FIRST_PAGE_RECORDS)
  expect(seen[1]).toBe(2 * FIRST_PAGE_RECORDS)
  expect(seen.at(-1)).toBe(Math.floor(PARSED_BYTES_WANTED / RECORD_BYTES))
})

test('grows further where vectors are decoded as they arrive', () => {
  const sizeFor = (record: VectorRecord): number => {
    const size = new PageSize()
    for (let page = 0; page < 10; page++) size.learn([record], true)
    return size.records
  }
  expect(sizeFor(recordOf(4))).toBe(BATCH_RECORDS_MAX)
  expect(sizeFor(recordOf(1_536))).toBe(Math.floor(PAGE_BYTES_WANTED / (1_536 * 12 + 101)))
  const text = 'x'.repeat(8_000)
  expect(sizeFor(recordOf(4, text))).toBe(Math.floor(PARSED_BYTES_WANTED / (101 + text.length)))
})

test('shrinks to single records when these are large, and grows again', () => {
  const size = new PageSize()
  size.learn([recordOf(4, 'x'.repeat(PARSED_BYTES_WANTED))], true)
  expect(size.records).toBe(1)
  size.learn([], true)
  expect(size.records).toBe(1)
  for (let page = 0; page < 10; page++) size.learn([recordOf(4)], true)
  expect(size.records).toBe(BATCH_RECORDS_MAX)
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
