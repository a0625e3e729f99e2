import { HoldfastError, type Metric, type VectorRecord } from '@holdfast/core'
import { COSINE_LENGTH_MAX, COSINE_LENGTH_MIN } from './limits.ts'
import { recordProblem } from './record-problem.ts'

/**
 * The last look before a record is sent. Core has asked for problems already, but what a wrong
 * record does to Chroma is too much to leave it at that (see `recordProblem`); and only here is it
 * known by which metric the collection measures.
 * @throws RECORD_INVALID
 */
export function checkRecord(record: VectorRecord, metric: Metric): void {
  const problem = recordProblem(record) ?? (metric === 'cosine' ? lengthProblem(record) : undefined)
  if (problem === undefined) return
  throw new HoldfastError(
    'RECORD_INVALID',
    `Chroma can't keep the record ${JSON.stringify(record.id.slice(0, 100))}: ${problem}`,
    { outcome: 'unchanged', retryable: false, details: { recordId: record.id } },
  )
}

function lengthProblem({ vector }: VectorRecord): string | undefined {
  let squares = 0
  for (const component of vector) squares += component * component
  const length = Math.sqrt(squares)
  if (length >= COSINE_LENGTH_MIN && length <= COSINE_LENGTH_MAX) return undefined
  return (
    `its vector has a length of ${length}, which Chroma loses under cosine; scale it to between ` +
    `${COSINE_LENGTH_MIN} and ${COSINE_LENGTH_MAX}, which changes no cosine.`
  )
}
