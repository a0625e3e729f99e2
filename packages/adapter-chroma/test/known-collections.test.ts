import { expect, test } from 'vitest'
import { KnownCollections } from '../src/known-collections.ts'
import { KNOWN_COLLECTIONS_MAX } from '../src/limits.ts'

test('remembers the latest, and forgets the oldest when there are too many', () => {
  const known = new KnownCollections()
  for (let index = 0; index <= KNOWN_COLLECTIONS_MAX; index++)
    known.keepDimension(`c${index}`, index)
  expect(known.dimension('c0')).toBeUndefined()
  expect(known.dimension('c1')).toBe(1)
  known.keepDimension('c1', 1)
  known.keepDimension('another', 5)
  expect(known.dimension('c1')).toBe(1)
  expect(known.dimension('c2')).toBeUndefined()
  known.forget('c1')
  expect(known.dimension('c1')).toBeUndefined()
})
