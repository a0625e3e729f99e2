import type { Idempotency, Journal, OperationRecord } from '../journal/journal.ts'
import { HoldfastError } from '../model/errors.ts'
import type { OperationResult } from './operation-result.ts'
import type { Durations } from './phase-timer.ts'
import type { Verification } from './verification.ts'

/**
 * What an earlier call with the same key was told, if it was committed. One that was rolled back
 * has had no effect, so its key is free again.
 * @throws IDEMPOTENCY_KEY_REUSED when the key was used to ask for something else
 */
export async function findReplay(
  journal: Journal,
  kind: string,
  idempotency: Idempotency | undefined,
): Promise<OperationResult | undefined> {
  if (idempotency === undefined) return undefined
  const earlier = await journal.findByIdempotencyKey(idempotency.key)
  if (earlier === undefined) return undefined
  if (earlier.kind !== kind || earlier.idempotency?.inputDigest !== idempotency.inputDigest) {
    throw new HoldfastError(
      'IDEMPOTENCY_KEY_REUSED',
      `The idempotency key "${idempotency.key}" was used for another call ` +
        `(${earlier.kind}, ${earlier.operationId}). Use a new key for each thing that you want done.`,
      {
        outcome: 'unchanged',
        retryable: false,
        details: { operationId: earlier.operationId, kind: earlier.kind },
      },
    )
  }
  return earlier.state === 'committed' ? resultOf(earlier) : undefined
}

function resultOf(earlier: OperationRecord): OperationResult {
  return {
    ...earlier.result,
    operationId: earlier.operationId,
    kind: earlier.kind,
    outcome: 'committed',
    consistencyVerified: true,
    verification: earlier.verification as Verification,
    durationsMs: earlier.durationsMs as unknown as Durations,
    replayed: true,
  }
}
