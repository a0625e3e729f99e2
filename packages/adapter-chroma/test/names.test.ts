import { fitsRules } from '@holdfast/core'
import { expect, test } from 'vitest'
import { CHROMA_NAMES } from '../src/names.ts'

const fits = (name: string): boolean => fitsRules(name, CHROMA_NAMES)

test.each([
  'abc',
  'A.b_c-9',
  '0.0',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '01.2.3.4',
  'a'.repeat(512),
])('%s is a name', (name) => expect(fits(name)).toBe(true))

test.each([
  'ab',
  'a..b',
  '.abc',
  'abc-',
  '_abc',
  'äbc',
  'a b',
  '10.0.0.1',
  'a'.repeat(513),
  'abc\n',
])('%j is none', (name) => expect(fits(name)).toBe(false))
