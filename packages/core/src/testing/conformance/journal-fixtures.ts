import assert from 'node:assert/strict'
import type {
  Checkpoint,
  Journal,
  JournalEntry,
  JournalEvent,
  OperationRecord,
} from '../../journal/journal.ts'
import { isHoldfastError } from '../../model/errors.ts'
import type { Verification } from '../../operation/verification.ts'
import type { OpenJournal } from '../open-journal.ts'
import type { Scenario } from './define-suite.ts'
import { begun } from './expectations.ts'

export type JournalScenario = Scenario<OpenJournal>

/** The first moment of 2026; each entry is a second later than the one before. */
const START_MS = Date.UTC(2026, 0, 1)
/** How long a step of waiting is, and how many of them are taken before a test gives up. */
const STEP_MS = 50
const STEPS_MAX = 100

export const CHECKPOINT: Checkpoint = {
  parts: [
    {
      collection: { name: 'docs', id: 'c1', metric: 'cosine', dimension: 4, metadata: { a: 1 } },
      manifest: { count: 3, digest: '0'.repeat(64) },
      idDigest: '1'.repeat(64),
      backupId: 'operation-1.0',
    },
  ],
}

export const VERIFICATION: Verification = {
  depth: 'manifest',
  recordsChecked: 3,
  vectorTolerance: 0,
  repaired: false,
  findings: [],
}

type EventOf<Type extends JournalEvent['type']> = Extract<JournalEvent, { readonly type: Type }>

/** The events of an operation, from its plan to its end. */
export const EVENTS: {
  readonly checkpointed: EventOf<'checkpointed'>
  readonly noted: EventOf<'noted'>
  readonly executed: EventOf<'executed'>
  readonly verified: EventOf<'verified'>
  readonly committed: EventOf<'committed'>
  readonly rolledBack: EventOf<'rolled-back'>
  readonly parked: EventOf<'parked'>
  readonly abandoned: EventOf<'abandoned'>
  readonly checkpointDropped: EventOf<'checkpoint-dropped'>
} = {
  checkpointed: { type: 'checkpointed', checkpoint: CHECKPOINT },
  noted: { type: 'noted', note: { created: 'c2' } },
  executed: { type: 'executed' },
  verified: { type: 'verified', verification: VERIFICATION },
  committed: { type: 'committed', result: { records: 3 }, durationsMs: { plan: 1, total: 5 } },
  rolledBack: { type: 'rolled-back', reason: 'the verification failed' },
  parked: { type: 'parked', reason: 'the store is away' },
  abandoned: { type: 'abandoned', reason: 'the server is gone for good' },
  checkpointDropped: { type: 'checkpoint-dropped' },
}

export function planned(changes: Partial<EventOf<'planned'>> = {}): JournalEvent {
  const plan = { collection: { name: 'docs' } }
  return { type: 'planned', kind: 'collection:delete', resources: ['docs'], plan, ...changes }
}

/** Appends, under a lease, what happens to one operation. */
export async function append(
  journal: Journal,
  operationId: string,
  ...events: readonly JournalEvent[]
): Promise<void> {
  const lease = await journal.acquire([`test:${operationId}`], { waitMs: 0 })
  try {
    for (const event of events) await journal.append(entryOf(operationId, event))
  } finally {
    await lease[Symbol.asyncDispose]()
  }
}

let entryCount = 0

export function entryOf(operationId: string, event: JournalEvent): JournalEntry {
  return { ...event, operationId, at: START_MS + 1000 * entryCount++ }
}

export async function getOperation(
  journal: Journal,
  operationId: string,
): Promise<OperationRecord> {
  const operation = await journal.get(operationId)
  assert.ok(operation !== undefined, `operation "${operationId}" is not in the journal`)
  return operation
}

export function idsOf(operations: readonly OperationRecord[]): string[] {
  return operations.map(({ operationId }) => operationId)
}

/** Lets time pass until `promise` settles, but not for ever. */
export async function settled<Result>(
  { passTime }: OpenJournal,
  promise: Promise<Result>,
  what: string,
): Promise<Result> {
  const state = watch(promise)
  for (let step = 0; state.pending && step < STEPS_MAX; step++) await passTime(STEP_MS)
  assert.ok(!state.pending, `${what}: nothing happened within ${STEP_MS * STEPS_MAX} ms`)
  return promise
}

/** Whether `promise` is still pending after some time. */
export async function isPending(
  { passTime }: OpenJournal,
  promise: Promise<unknown>,
): Promise<boolean> {
  const state = watch(promise)
  for (let step = 0; state.pending && step < 3; step++) await passTime(STEP_MS)
  return state.pending
}

export async function assertBusy(attempt: Promise<unknown>, what: string): Promise<void> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(isHoldfastError(error), `${what} should be refused with COLLECTION_BUSY, not ${error}`)
  assert.equal(error.code, 'COLLECTION_BUSY', what)
  assert.equal(error.outcome, 'unchanged', what)
  assert.equal(error.retryable, true, `${what}: it can succeed later`)
}

/** The same of a call that must not wait: one that does would never come back. */
export async function assertBusyAtOnce(
  open: OpenJournal,
  attempt: Promise<unknown>,
  what: string,
): Promise<void> {
  await settled(open, begun(assertBusy(attempt, what)), what)
}

function watch(promise: Promise<unknown>): { readonly pending: boolean } {
  const state = { pending: true }
  const end = (): void => {
    state.pending = false
  }
  promise.then(end, end)
  return state
}
