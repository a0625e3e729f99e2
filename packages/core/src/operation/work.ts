import type { Checkpoint, CheckpointPart, OperationRecord } from '../journal/journal.ts'
import { isHoldfastError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import type { JsonObject } from '../model/record.ts'
import { type Engine, record } from './engine.ts'
import type { BuildContext, EndContext, OperationContext } from './operation.ts'
import { addPart, retakePart } from './take-checkpoint.ts'
import type { Verification } from './verification.ts'

/** How long, in ms, what was verified is taken for true. */
const FRESH_MS = 1_000

/** One operation under way, whether just begun or found open in the journal. */
export interface Work {
  readonly operationId: string
  readonly kind: string
  plan: object
  readonly keepForMs: number
  /** When this process has verified it, by the wall clock. Absent: it was found open in the journal. */
  verifiedAt?: number
  readonly notes: JsonObject[]
  checkpoint?: Checkpoint
  verification?: Verification
  recordsChecked: number
  warnings: Finding[]
}

export function workOf(operation: OperationRecord): Work {
  return {
    operationId: operation.operationId,
    kind: operation.kind,
    plan: operation.plan as object,
    keepForMs: operation.keepForMs ?? 0,
    notes: [...operation.notes],
    ...(operation.checkpoint === undefined ? {} : { checkpoint: operation.checkpoint }),
    ...(operation.verification === undefined ? {} : { verification: operation.verification }),
    recordsChecked: 0,
    warnings: [],
  }
}

/** Empty where nothing had to be kept. */
export function checkpointOf(work: Pick<Work, 'checkpoint'>): Checkpoint {
  return work.checkpoint ?? { parts: [] }
}

export function buildContext(
  engine: Engine,
  work: Work,
  signal: AbortSignal | undefined,
): BuildContext {
  return {
    ...operationContext(engine, work, signal),
    ...(signal === undefined ? {} : { signal }),
    note: async (note) => {
      // Known here even when it could not be made durable: a rollback right now may rely on it.
      work.notes.push(note)
      await record(engine, work, { type: 'noted', note })
    },
    checked: (recordCount) => {
      work.recordsChecked += recordCount
    },
  }
}

export function endContext(engine: Engine, work: Work): EndContext {
  return {
    ...operationContext(engine, work, undefined),
    notes: work.notes,
    isStale: () => {
      // By the wall clock: the other one may stand still while the machine sleeps.
      const sinceMs = engine.clock.now() - (work.verifiedAt ?? Number.NEGATIVE_INFINITY)
      return sinceMs < 0 || sinceMs > FRESH_MS
    },
    ...(work.verification === undefined ? {} : { verification: work.verification }),
  }
}

function operationContext(
  engine: Engine,
  work: Work,
  signal: AbortSignal | undefined,
): OperationContext {
  return {
    operationId: work.operationId,
    store: engine.store,
    backups: engine.backups,
    retake: async (part) => {
      if (work.checkpoint === undefined) throw new RangeError('there is no checkpoint to retake')
      const options = signal === undefined ? {} : { signal }
      work.checkpoint = await retakePart(engine, work.checkpoint, part, options)
      await record(engine, work, { type: 'checkpointed', checkpoint: work.checkpoint })
    },
    keepMore: async (collection, ids) => {
      const scope = { keep: 'ids', collection, ids } as const
      work.checkpoint = await addPart(engine, work.operationId, checkpointOf(work), scope)
      await record(engine, work, { type: 'checkpointed', checkpoint: work.checkpoint })
      return work.checkpoint.parts.at(-1) as CheckpointPart
    },
    warn: (finding) => {
      work.warnings.push(finding)
      tellFinding(engine, work, finding)
    },
  }
}

export function tellFinding(engine: Engine, work: Work, finding: Finding): void {
  const { operationId, kind } = work
  engine.events.emit('finding:found', { operationId, kind, at: engine.clock.now(), finding })
}

/** Fit for a journal and an event: our own words, but of a foreign error only its name. */
export function reasonOf(error: unknown): string {
  if (isHoldfastError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.name : 'something that is no Error was thrown'
}
