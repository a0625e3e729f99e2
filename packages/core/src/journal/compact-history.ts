import { isEnded, type OperationRecord } from './journal.ts'

/**
 * What a journal keeps when it is rewritten: every open operation, every one that can still be
 * taken back, and the latest `historyMax` of the others. Notes have served when an operation ends.
 */
export function compactHistory(
  operations: readonly OperationRecord[],
  historyMax: number,
): readonly OperationRecord[] {
  const optional = operations.filter((operation) => !isNeeded(operation))
  const dropped = new Set(optional.slice(0, Math.max(0, optional.length - historyMax)))
  return operations
    .filter((operation) => !dropped.has(operation))
    .map((operation) => (isEnded(operation) ? { ...operation, notes: [] } : operation))
}

function isNeeded(operation: OperationRecord): boolean {
  if (!isEnded(operation)) return true
  const hasBackups = (operation.checkpoint?.parts.length ?? 0) > 0
  return hasBackups && operation.checkpointDropped !== true
}
