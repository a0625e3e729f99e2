import { expect, test } from 'vitest'
import { isKeptAsInteger, numberToSend } from '../src/stored-number.ts'

test.each([
  0,
  1,
  -1,
  0.5,
  0.1,
  12.34,
  1 / 3,
  2 ** 53 + 2,
  2 ** 63,
  1e20,
  2 ** 64,
  1e21,
  1e300,
  5e-324,
  -1e-7,
])('%d is sent as it is', (value) => {
  expect(numberToSend(value, 'record')).toBe(value)
  expect(numberToSend(value, 'collection')).toBe(value)
})

test.each([1 / 11, -1 / 11, 123456789.12345679])('%d can not be kept', (value) => {
  expect(numberToSend(value, 'record')).toBeUndefined()
  expect(numberToSend(value, 'collection')).toBeUndefined()
})

test.each([Number.NaN, Infinity, -Infinity])('%d is no number of JSON', (value) => {
  expect(numberToSend(value, 'record')).toBeUndefined()
})

test('whole numbers are floats in a list of floats, and may lose there what they keep alone', () => {
  const value = 2 ** 53 - 1
  expect(numberToSend(value, 'record')).toBe(value)
  expect(numberToSend(value, 'record', { float: true })).not.toBe(value)
})

test('a number that changes is sent as the neighbor that Chroma reads as the wanted one', () => {
  // Each parse divides by a power of ten beyond 1e22, which is not exact, and so moves the number.
  const moved = [3.586625204575608e-115, 1.4872780281565141e-270, 2.5e-320]
    .flatMap((value) => [value, value * 3, value * 7, value * 11, value * 13])
    .filter((value) => numberToSend(value, 'record') !== value)
  const found = moved.filter((value) => numberToSend(value, 'record') !== undefined)
  expect(found.length).toBeGreaterThan(0)
})

test('of a whole number beyond 64 bits, Chroma reads the digits that fit', () => {
  expect(numberToSend(1.2345678901234567e20, 'collection')).toBe(1.2345678901234567e20)
  // Once more, as text with an exponent, which divides less exactly.
  expect(numberToSend(1.2345678901234567e20, 'record')).not.toBe(1.2345678901234567e20)
})

test('a 64-bit integer is one by what its text says', () => {
  expect(isKeptAsInteger(2 ** 63 - 1024)).toBe(true)
  expect(isKeptAsInteger(2 ** 63)).toBe(false)
  expect(isKeptAsInteger(-(2 ** 63) + 1024)).toBe(true)
  // Its shortest text is -9223372036854776000, which no 64-bit integer is.
  expect(isKeptAsInteger(-(2 ** 63))).toBe(false)
  expect(isKeptAsInteger(1.5)).toBe(false)
})
