import { nextTurn } from '../durable/next-turn.ts'
import type { CollectionInfo } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import { COMPONENTS_PER_TURN_MAX } from '../model/limits.ts'
import type { VectorRecord } from '../model/record.ts'
import type { VectorStoreAdapter } from './adapter.ts'
import { checkId, describeType, isWellFormed, quoteId } from './check-ids.ts'
import { metadataProblem } from './metadata-problem.ts'

/** The part of a store that knows what its records may look like. */
export type RecordRules = Pick<VectorStoreAdapter, 'traits' | 'recordProblem'>

/**
 * Refuses records that `collection` can't hold, before any of them is sent. An operation calls it
 * while planning; `GuardedStore` calls it again, for those that write without an operation. Gives
 * the event loop its turn.
 * @throws RECORD_INVALID, LIMIT_EXCEEDED with the record's id and what to change
 */
export async function checkRecords(
  store: RecordRules,
  collection: CollectionInfo,
  records: readonly VectorRecord[],
): Promise<void> {
  if (!Array.isArray(records)) throw new TypeError('Records must be an array.')
  const ids = new Set<string>()
  let dimension = collection.dimension
  let work = 0
  for (const record of records) {
    checkShape(record)
    checkId(store.traits, record.id)
    if (ids.has(record.id)) {
      throw invalid(record, 'is given twice in one call. Keep the one that you mean.')
    }
    ids.add(record.id)
    checkVector(store, collection, record, dimension)
    dimension ??= record.vector.length
    checkContent(store, record)
    work += WORK_PER_RECORD + record.vector.length + (record.text?.length ?? 0)
    if (work > COMPONENTS_PER_TURN_MAX) {
      work = 0
      await nextTurn()
    }
  }
}

/** What a record costs beside its vector and text, in vector components. */
const WORK_PER_RECORD = 500

/** What TypeScript would have refused is a mistake in the program, not in the data. */
function checkShape(record: VectorRecord): void {
  if (typeof record !== 'object' || record === null) {
    throw new TypeError(`A record must be an object, not ${describeType(record)}.`)
  }
  const { vector, text } = record as Partial<VectorRecord>
  // By its tag rather than by `instanceof`: test runners have a Float32Array of their own.
  if (vector?.[Symbol.toStringTag] !== 'Float32Array') {
    throw new TypeError('The vector of a record must be a Float32Array.')
  }
  if (text !== undefined && typeof text !== 'string') {
    throw new TypeError(`The text of a record must be a string, not ${describeType(text)}.`)
  }
}

function checkVector(
  store: RecordRules,
  collection: CollectionInfo,
  record: VectorRecord,
  dimension: number | undefined,
): void {
  const { length } = record.vector
  if (length === 0) throw invalid(record, 'has a vector without components.')
  if (dimension !== undefined && length !== dimension) {
    const others =
      collection.dimension === undefined ? 'others in this call have' : 'the collection has'
    throw invalid(
      record,
      `has a vector of ${length} components; ${others} ${dimension}. ` +
        'Embed it with the model that the collection was made with.',
    )
  }
  if (length > store.traits.dimensionMax) {
    throw new HoldfastError(
      'LIMIT_EXCEEDED',
      `Record ${quoteId(record.id)} has a vector of ${length} components; ` +
        `this store takes ${store.traits.dimensionMax} at most. Use a smaller embedding.`,
      {
        outcome: 'unchanged',
        retryable: false,
        details: { recordId: record.id, dimension: length },
      },
    )
  }
  const kind = vectorKind(record.vector)
  if (kind === 'not finite') {
    throw invalid(record, 'has a vector with NaN or an infinite component. Embed it again.')
  }
  if (kind === 'zero' && collection.metric === 'cosine') {
    throw invalid(
      record,
      'has a vector of zeros, which has no direction and so no cosine. Leave the record out, or ' +
        'use a collection with another metric.',
    )
  }
}

function checkContent(store: RecordRules, record: VectorRecord): void {
  if (record.metadata !== undefined) {
    const problem = metadataProblem(record.metadata)
    if (problem !== undefined) throw invalid(record, `has metadata that ${problem}.`)
  }
  if (record.text !== undefined && !isWellFormed(record.text)) {
    throw invalid(
      record,
      'has a text with half of a surrogate pair. Cut text between characters, not code units.',
    )
  }
  const problem = store.recordProblem?.(record)
  if (problem !== undefined) throw invalid(record, `can't be kept in this store: ${problem}`)
}

function vectorKind(vector: Float32Array): 'usual' | 'zero' | 'not finite' {
  let kind: 'usual' | 'zero' = 'zero'
  for (let i = 0; i < vector.length; i++) {
    const component = vector[i] as number
    if (!Number.isFinite(component)) return 'not finite'
    if (component !== 0) kind = 'usual'
  }
  return kind
}

function invalid(record: VectorRecord, what: string): HoldfastError {
  return new HoldfastError('RECORD_INVALID', `Record ${quoteId(record.id)} ${what}`, {
    outcome: 'unchanged',
    retryable: false,
    details: { recordId: record.id },
  })
}
