import { HoldfastError } from '@holdfast/core'
import * as chromadb from 'chromadb'
import { describe, expect, test } from 'vitest'
import { type ChromaCall, isNotFound, storeError } from '../src/store-error.ts'

const read: ChromaCall = { method: 'get', kind: 'read', collection: 'docs' }
const effect: ChromaCall = { method: 'upsert', kind: 'effect', collection: 'docs' }
const unique =
  'Database error: error returned from database: (code: 2067) UNIQUE constraint failed: ' +
  'collections.name, collections.database_id'
const badRequest = (status: string): Error =>
  new chromadb.ChromaClientError(`Bad request to http://host:1/api with status: ${status}`)

describe('what an error of the client means', () => {
  test.each<[Error, string]>([
    [new chromadb.ChromaNotFoundError('x'), 'COLLECTION_NOT_FOUND'],
    [new chromadb.InvalidCollectionError('x'), 'COLLECTION_NOT_FOUND'],
    [new chromadb.ChromaUniqueError('x'), 'COLLECTION_EXISTS'],
    [new chromadb.ChromaServerError(unique), 'COLLECTION_EXISTS'],
    [new chromadb.ChromaUnauthorizedError('x'), 'STORE_REJECTED'],
    [new chromadb.ChromaForbiddenError('x'), 'STORE_REJECTED'],
    [new chromadb.ChromaQuotaExceededError('x'), 'LIMIT_EXCEEDED'],
    [new chromadb.ChromaServerError('413: Payload Too Large'), 'LIMIT_EXCEEDED'],
    [badRequest('Validation error: name: Expected a name that'), 'COLLECTION_NAME_INVALID'],
    [badRequest('Collection expecting embedding with dimension of 413, got 1'), 'RECORD_INVALID'],
    [badRequest('did not match any variant of untagged enum MetadataValue'), 'RECORD_INVALID'],
    [badRequest('something else'), 'STORE_REJECTED'],
    [new chromadb.ChromaValueError('Expected IDs to be unique'), 'STORE_REJECTED'],
    [new chromadb.ChromaServerError('Unimplemented: Sparse vector'), 'STORE_REJECTED'],
    [
      new chromadb.ChromaServerError('Error executing plan: Internal error: Error finding id'),
      'STORE_REJECTED',
    ],
  ])('%s: refused, and nothing was changed', (error, code) => {
    for (const call of [read, effect]) {
      const result = storeError(call, error)
      expect(result).toMatchObject({ code, outcome: 'unchanged', retryable: false })
      expect(result.cause).toBe(error)
    }
  })

  test.each<Error>([
    new chromadb.ChromaConnectionError('Failed to connect'),
    new chromadb.ChromaServerError('Error sending message to compactor'),
    new chromadb.ChromaServerError('503: Service Unavailable'),
    new TypeError('terminated'),
    new TypeError('fetch failed'),
    new SyntaxError('Unexpected end of JSON input'),
  ])('%s: to be tried again, and uncertain after a change', (error) => {
    const common = { code: 'STORE_UNAVAILABLE', retryable: true }
    expect(storeError(read, error)).toMatchObject({ ...common, outcome: 'unchanged' })
    expect(storeError(effect, error)).toMatchObject({ ...common, outcome: 'unknown' })
  })

  test('too many requests: to be tried again, and certainly not done', () => {
    const result = storeError(effect, new chromadb.ChromaRateLimitError('x'))
    const wanted = { code: 'STORE_UNAVAILABLE', retryable: true, outcome: 'unchanged' }
    expect(result).toMatchObject(wanted)
  })

  test.each([new RangeError('x'), 'a text', undefined, null, { message: 5 }])(
    'anything else (%s) is not tried again, and uncertain after a change',
    (error) => {
      const common = { code: 'STORE_REJECTED', retryable: false }
      expect(storeError(read, error)).toMatchObject({ ...common, outcome: 'unchanged' })
      expect(storeError(effect, error)).toMatchObject({ ...common, outcome: 'unknown' })
    },
  )

  test('is told by name, so that another copy of the client is understood', () => {
    const foreign = Object.assign(new Error('x'), { name: 'ChromaNotFoundError' })
    expect(storeError(read, foreign).code).toBe('COLLECTION_NOT_FOUND')
    expect(isNotFound(foreign)).toBe(true)
    expect(isNotFound(new Error('ChromaNotFoundError'))).toBe(false)
  })

  test('never has the address, the credentials or the content in its text', () => {
    const error = badRequest('http://user:secret@host:1 dimension [0.25, 0.5] token')
    const { message, details } = storeError(effect, error)
    expect(`${message} ${JSON.stringify(details)}`).not.toMatch(/secret|host|0\.25|token/)
  })

  test('leaves our own errors as they are', () => {
    const own = new HoldfastError('LIMIT_EXCEEDED', 'x', { outcome: 'unchanged', retryable: false })
    expect(storeError(effect, own)).toBe(own)
  })
})
