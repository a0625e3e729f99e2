import { HoldfastError } from '../model/errors.ts'
import { ID_SHOWN_LENGTH_MAX } from '../model/limits.ts'
import type { StoreTraits } from './adapter.ts'

/** Node has it since version 20; TypeScript's ES2022 library doesn't know it. */
interface Utf16Text {
  isWellFormed(): boolean
}

/**
 * Refuses ids that a store could not give back as they are.
 * @throws RECORD_INVALID, LIMIT_EXCEEDED
 */
export function checkIds(traits: StoreTraits, ids: readonly string[]): void {
  if (!Array.isArray(ids)) throw new TypeError('Record ids must be an array of strings.')
  for (const id of ids) checkId(traits, id)
}

/** @throws RECORD_INVALID, LIMIT_EXCEEDED */
export function checkId(traits: StoreTraits, id: string): void {
  if (typeof id !== 'string') {
    throw new TypeError(`A record id must be a string, not ${describeType(id)}.`)
  }
  if (id === '') {
    throw new HoldfastError('RECORD_INVALID', 'A record has an empty id. Give it a name.', {
      outcome: 'unchanged',
      retryable: false,
      details: { recordId: id },
    })
  }
  if (!isWellFormed(id)) {
    throw new HoldfastError(
      'RECORD_INVALID',
      `The record id ${quoteId(id)} holds half of a surrogate pair, which UTF-8 can't hold. ` +
        'Cut text between characters, not between code units.',
      { outcome: 'unchanged', retryable: false, details: { recordId: id } },
    )
  }
  const sizeBytes = Buffer.byteLength(id)
  if (sizeBytes > traits.recordIdBytesMax) {
    throw new HoldfastError(
      'LIMIT_EXCEEDED',
      `The record id ${quoteId(id)} is ${sizeBytes} bytes long in UTF-8; ` +
        `this store takes ${traits.recordIdBytesMax} at most. Use a shorter id.`,
      { outcome: 'unchanged', retryable: false, details: { recordId: id, sizeBytes } },
    )
  }
}

export function isWellFormed(text: string): boolean {
  return (text as unknown as Utf16Text).isWellFormed()
}

/** For messages: quoted, with control characters escaped, and cut where it is very long. */
export function quoteId(id: string): string {
  if (id.length <= ID_SHOWN_LENGTH_MAX) return JSON.stringify(id)
  return `${JSON.stringify(id.slice(0, ID_SHOWN_LENGTH_MAX))}…`
}

export function describeType(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
}
