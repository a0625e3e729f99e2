import { HoldfastError } from '../model/errors.ts'
import { quoteId } from './check-ids.ts'

/** COLLECTION_EXISTS, with what to do. */
export function nameTaken(name: string): HoldfastError {
  return new HoldfastError(
    'COLLECTION_EXISTS',
    `There is a collection ${quoteId(name)} already. Choose another name, or drop it first.`,
    { outcome: 'unchanged', retryable: false, details: { collection: name } },
  )
}
