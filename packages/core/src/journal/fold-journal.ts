import { isEnded, type JournalEntry, type OperationRecord } from './journal.ts'

/** How far an operation has come; entries never take it back. */
const ORDER: Readonly<Record<string, number>> = {
  planned: 0,
  checkpointed: 1,
  executed: 2,
  verified: 3,
}

/**
 * What an operation's entries say together. Entries of an operation that has ended, or that was
 * never planned, change nothing: a late one must not wake the dead. Only `checkpoint-dropped` may
 * follow an end.
 */
export function foldEntry(
  before: OperationRecord | undefined,
  entry: JournalEntry,
): OperationRecord | undefined {
  if (before === undefined) return entry.type === 'planned' ? begin(entry) : undefined
  if (entry.type === 'checkpoint-dropped') return { ...before, checkpointDropped: true }
  if (isEnded(before)) return before
  return { ...progress(before, entry), updatedAt: entry.at }
}

function progress(before: OperationRecord, entry: JournalEntry): OperationRecord {
  switch (entry.type) {
    case 'planned':
    case 'checkpoint-dropped':
      return before
    case 'checkpointed':
      return { ...advance(before, 'checkpointed'), checkpoint: entry.checkpoint }
    case 'noted':
      return { ...before, notes: [...before.notes, entry.note] }
    case 'executed':
      return advance(before, 'executed')
    case 'verified':
      return { ...advance(before, 'verified'), verification: entry.verification }
    case 'parked':
      return { ...before, parked: true, reason: entry.reason }
    case 'committed': {
      const { parked: _, reason: __, ...rest } = before
      const { result, durationsMs, at } = entry
      return { ...rest, state: 'committed', endedAt: at, result, durationsMs }
    }
    case 'rolled-back':
    case 'abandoned': {
      const { parked: _, ...rest } = before
      return { ...rest, state: entry.type, endedAt: entry.at, reason: entry.reason }
    }
  }
}

function begin(entry: JournalEntry & { readonly type: 'planned' }): OperationRecord {
  const { operationId, kind, resources, plan, at, idempotency, keepForMs, actor } = entry
  return {
    operationId,
    kind,
    state: 'planned',
    resources,
    plan,
    notes: [],
    startedAt: at,
    updatedAt: at,
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(keepForMs === undefined ? {} : { keepForMs }),
    ...(actor === undefined ? {} : { actor }),
  }
}

function advance(
  before: OperationRecord,
  state: 'checkpointed' | 'executed' | 'verified',
): OperationRecord {
  const further = (ORDER[state] as number) > (ORDER[before.state] ?? Number.POSITIVE_INFINITY)
  return further ? { ...before, state } : before
}
