import type { OperationRecord, OperationState } from './journal.ts'

export interface HistoryFilter {
  /** Such as `collection:delete`. */
  readonly kind?: string
  readonly state?: OperationState
  /** Name of a collection as the store has it, before or after a rename. */
  readonly collection?: string
  /** Begun at or after this, in milliseconds since 1970. */
  readonly since?: number
  /** Begun before this, in milliseconds since 1970. */
  readonly until?: number
  /** Operations told, at most. Default 100. */
  readonly limit?: number
}

/** Newest first. */
export function filterHistory(
  operations: readonly OperationRecord[],
  { kind, state, collection, since, until, limit = 100 }: HistoryFilter,
): readonly OperationRecord[] {
  return operations
    .filter(
      (operation) =>
        (kind === undefined || operation.kind === kind) &&
        (state === undefined || operation.state === state) &&
        (collection === undefined || operation.resources.includes(`collection:${collection}`)) &&
        (since === undefined || operation.startedAt >= since) &&
        (until === undefined || operation.startedAt < until),
    )
    .reverse()
    .slice(0, limit)
}
