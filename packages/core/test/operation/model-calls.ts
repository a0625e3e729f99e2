import { isHoldfastError } from '../../src/model/errors.ts'
import type { OperationOptions } from '../../src/operation/operation-options.ts'
import type { DryRun, OperationResult } from '../../src/operation/operation-result.ts'
import type { TransactionalOperations } from '../../src/transactional-operations.ts'
import { type Call, recordsOf } from './store-model.ts'

/** What a caller was told. */
export interface Told {
  readonly outcome:
    | 'done'
    | 'replayed'
    | 'looked'
    | 'unchanged'
    | 'rolled-back'
    | 'committed'
    | 'unknown'
    /** Its process was dead by then. */
    | 'nothing'
  readonly code?: string
  readonly operationId?: string
}

/** In one word, to be expected. */
export function labelOf({ outcome, code, operationId }: Told): string {
  return code ?? (outcome === 'replayed' ? `replay of ${operationId}` : outcome)
}

/** Whether one idempotency key may stand for both. */
export function sameCall(a: Call, b: Call): boolean {
  const described = ({ key: _, dryRun: __, ...change }: Call): string => {
    if (change.verb === 'undelete') return JSON.stringify(change)
    if ('from' in change) return JSON.stringify([change.verb, change.from, change.to])
    const label = change.verb === 'put' ? change.label : 0
    const ids = 'ids' in change ? [...change.ids].sort() : []
    return JSON.stringify([change.verb, change.name, ids, label])
  }
  return described(a) === described(b)
}

/** Calls the front door. Errors that are not ours are thrown on. */
export async function askFor(
  operations: TransactionalOperations,
  call: Call,
  actor: string,
  isDead: () => boolean,
): Promise<Told> {
  const key = call.key === undefined ? {} : { idempotencyKey: call.key }
  const options = { actor, ...key, ...(call.dryRun && { dryRun: true }) }
  try {
    const result = await run(operations, call, options)
    if ('dryRun' in result) return { outcome: 'looked' }
    const { operationId, replayed } = result
    return { outcome: replayed ? 'replayed' : 'done', operationId }
  } catch (error) {
    if (isDead()) return { outcome: 'nothing' }
    if (!isHoldfastError(error)) throw error
    return { outcome: error.outcome, code: error.code }
  }
}

function run(
  operations: TransactionalOperations,
  call: Call,
  options: OperationOptions,
): Promise<OperationResult | DryRun> {
  switch (call.verb) {
    case 'rename':
      return operations.safeRenameCollection(call, options)
    case 'clone':
      return operations.safeCloneCollection(call, options)
    case 'delete':
      return operations.safeDeleteCollection(call.name, { ...options, keepForMs: call.keepForMs })
    case 'put':
      return operations.safePutRecords(call.name, recordsOf(call.ids, call.label), options)
    case 'delete records': {
      const { name, ids, keepForMs } = call
      return operations.safeDeleteRecords(name, ids, { ...options, keepForMs })
    }
    case 'undelete': {
      const as = call.as === undefined ? {} : { as: call.as }
      return operations.undelete(call.deleted, { ...options, ...as })
    }
  }
}
