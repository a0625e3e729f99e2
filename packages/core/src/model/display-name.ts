import { createHash } from 'node:crypto'
import type { NameRules } from '../store/adapter.ts'
import { isWellFormed } from '../store/check-ids.ts'
import type { CollectionInfo } from './collection.ts'
import { HoldfastError } from './errors.ts'

/**
 * Stores restrict what a collection may be called; people don't. A name that a store can't take is
 * kept in the collection's metadata under this key, and the store gets a name derived from it.
 * Existing installations have it under the same key.
 */
export const DISPLAY_NAME_KEY = 'original_name'

/** Longest display name in UTF-16 code units. Longer is a mistake, not a name. */
const DISPLAY_NAME_LENGTH_MAX = 512
/** Characters of the readable part of a derived name. */
const SLUG_LENGTH_MAX = 32
/** Hexadecimal digits of SHA-256 in a derived name: 64 bits keep accidents away. */
const HASH_LENGTH = 16

/** What a person calls the collection: its display name if it has one, else its name. */
export function displayNameOf(collection: CollectionInfo): string {
  const displayName = collection.metadata?.[DISPLAY_NAME_KEY]
  return typeof displayName === 'string' ? displayName : collection.name
}

/** Whether the store takes `name` as it is. */
export function fitsRules(name: string, rules: NameRules): boolean {
  return (
    name.length >= rules.lengthMin &&
    name.length <= rules.lengthMax &&
    new RegExp(`^(?:${rules.pattern})$`, 'u').test(name)
  )
}

/**
 * The name under which the store keeps a collection that a person calls `displayName`: the same
 * where the store takes it, else the letters that survive plus a hash. Equal names (after Unicode
 * normalization) always give the same one, so no two collections can share a display name.
 * @throws COLLECTION_NAME_INVALID
 */
export function storeNameOf(displayName: string, rules: NameRules): string {
  checkDisplayName(displayName)
  if (fitsRules(displayName, rules)) return displayName
  const hash = createHash('sha256').update(displayName.normalize('NFC')).digest('hex')
  const slug = displayName
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-zA-Z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, SLUG_LENGTH_MAX)
  const tail = hash.slice(0, HASH_LENGTH)
  const derived = slug === '' ? `collection-${tail}` : `${slug}-${tail}`
  if (fitsRules(derived, rules)) return derived
  throw invalid(displayName, 'this store takes neither it nor a name derived from it')
}

function checkDisplayName(name: string): void {
  if (typeof name !== 'string') {
    throw new TypeError(`A collection's name must be a string, not ${typeof name}.`)
  }
  if (name.length === 0) throw invalid(name, 'it is empty')
  if (name.length > DISPLAY_NAME_LENGTH_MAX) {
    throw invalid(name.slice(0, 40), `it is longer than ${DISPLAY_NAME_LENGTH_MAX} characters`)
  }
  if (!isWellFormed(name)) throw invalid(name, 'it holds half of a surrogate pair')
  if (/\p{Cc}/u.test(name)) throw invalid(name, 'it holds a control character')
}

function invalid(name: string, why: string): HoldfastError {
  return new HoldfastError(
    'COLLECTION_NAME_INVALID',
    `${JSON.stringify(name)} can't be the name of a collection: ${why}. Choose another name.`,
    { outcome: 'unchanged', retryable: false, details: { name } },
  )
}
