import type { CollectionRef, CollectionSpec } from '../model/collection.ts'
import { type ErrorCode, HoldfastError } from '../model/errors.ts'
import type { JsonObject, Metadata } from '../model/record.ts'
import type { StoreTraits } from './adapter.ts'
import { describeType, quoteId } from './check-ids.ts'
import { metadataProblem } from './metadata-problem.ts'

/** Old collections may have names that the rules for new ones forbid, so only the shape counts. */
export function checkRef(ref: CollectionRef): void {
  if (typeof ref !== 'object' || ref === null) {
    throw new TypeError(`A collection is named by { name, id? }, not by ${describeType(ref)}.`)
  }
  checkNotEmpty(ref.name)
  if (ref.id !== undefined && (typeof ref.id !== 'string' || ref.id === '')) {
    throw new TypeError('The id of a collection must be a string that is not empty, or be absent.')
  }
}

/** @throws COLLECTION_NAME_INVALID */
export function checkNewName(traits: StoreTraits, name: string): void {
  checkNotEmpty(name)
  const { lengthMin, lengthMax, pattern } = traits.names
  if (name.length < lengthMin || name.length > lengthMax) {
    throw refusal(
      'COLLECTION_NAME_INVALID',
      `The collection name ${quoteId(name)} has ${name.length} characters; ` +
        `this store takes ${lengthMin} to ${lengthMax}. Choose another name.`,
    )
  }
  if (!new RegExp(`^(?:${pattern})$`, 'u').test(name)) {
    throw refusal(
      'COLLECTION_NAME_INVALID',
      `The collection name ${quoteId(name)} does not match what this store takes: ${pattern}. ` +
        'Choose another name.',
    )
  }
}

/** @throws COLLECTION_NAME_INVALID, LIMIT_EXCEEDED, STORE_REJECTED */
export function checkSpec(traits: StoreTraits, spec: CollectionSpec): void {
  checkNewName(traits, spec.name)
  if (!traits.metrics.includes(spec.metric)) {
    throw refusal(
      'STORE_REJECTED',
      `This store does not know the metric ${quoteId(String(spec.metric))}. ` +
        `Use one of these: ${traits.metrics.join(', ')}.`,
    )
  }
  checkDimension(traits, spec.dimension)
  checkJson('metadata', spec.metadata)
  checkJson('settings', spec.settings)
}

export function checkCollectionMetadata(metadata: Metadata | undefined): void {
  checkJson('metadata', metadata)
}

function checkJson(part: 'metadata' | 'settings', value: JsonObject | undefined): void {
  const problem = value === undefined ? undefined : metadataProblem(value)
  if (problem !== undefined) throw new TypeError(`The collection's ${part} ${problem}.`)
}

function checkDimension(traits: StoreTraits, dimension: number | undefined): void {
  if (dimension === undefined) return
  if (!Number.isInteger(dimension) || dimension < 1) {
    throw new RangeError('The dimension of a collection must be a whole number above 0.')
  }
  if (dimension > traits.dimensionMax) {
    throw refusal(
      'LIMIT_EXCEEDED',
      `Vectors of ${dimension} components are too long; ` +
        `this store takes ${traits.dimensionMax} at most. Use a smaller embedding.`,
    )
  }
}

function checkNotEmpty(name: string): void {
  if (typeof name !== 'string') {
    throw new TypeError(`A collection name must be a string, not ${describeType(name)}.`)
  }
  if (name === '') {
    throw refusal('COLLECTION_NAME_INVALID', 'A collection name must not be empty. Choose one.')
  }
}

function refusal(code: ErrorCode, message: string): HoldfastError {
  return new HoldfastError(code, message, { outcome: 'unchanged', retryable: false })
}
