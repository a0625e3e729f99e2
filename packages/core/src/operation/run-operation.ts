/**
 * Runs any operation: lease, plan, checkpoint, execute, verify, commit.
 *
 * The `verified` entry is the point of no return. Above it every failure is undone and the caller
 * gets the failure with the outcome `rolled-back`; below it the work is finished, now or by
 * recovery. Until that entry is durable nothing happens that can't be taken back.
 */
import { uuidV7 } from '../durable/uuid-v7.ts'
import type { Idempotency, LeaseOptions } from '../journal/journal.ts'
import { HoldfastError } from '../model/errors.ts'
import type { Finding } from '../model/finding.ts'
import { REPAIR_ROUNDS_MAX } from '../model/limits.ts'
import type { JsonObject } from '../model/record.ts'
import { vectorTolerance } from '../model/same-record.ts'
import { commitOperation, rollBackOperation, withRolledBackOutcome } from './end-operation.ts'
import { cleaningUp, type Engine, record } from './engine.ts'
import { findReplay } from './idempotency.ts'
import type { Operation, PlanSummary } from './operation.ts'
import type { DryRun, OperationResult } from './operation-result.ts'
import { PhaseTimer } from './phase-timer.ts'
import { acquireSettled } from './recover.ts'
import { takeCheckpoint } from './take-checkpoint.ts'
import type { Verification } from './verification.ts'
import { buildContext, checkpointOf, reasonOf, tellFinding, type Work } from './work.ts'

export interface RunOptions extends LeaseOptions {
  readonly idempotency?: Idempotency
  /** How long the checkpoint is kept after the commit, in ms. 0: not at all. */
  readonly keepForMs: number
  readonly actor?: string
}

export async function runOperation<Input, Plan extends object>(
  engine: Engine,
  operation: Operation<Input, Plan>,
  input: Input,
  options: RunOptions,
): Promise<OperationResult> {
  const { idempotency, signal } = options
  const timer = new PhaseTimer(engine.clock)
  const resources = [...operation.resources(input)]
  if (idempotency !== undefined) resources.push(`key:${idempotency.key}`)
  const lease = await timer.time('lease', () => acquireSettled(engine, resources, options))
  try {
    const replay = await findReplay(engine.journal, operation.kind, idempotency)
    if (replay !== undefined) return replay

    const work = newWork(engine, operation.kind, options)
    const context = buildContext(engine, work, signal)
    const plan = await timer.time('plan', () => operation.plan(context, input))
    work.plan = plan
    signal?.throwIfAborted()
    const { kind } = operation
    const entry = { type: 'planned', kind, resources, plan: plan as JsonObject } as const
    await record(engine, work, { ...entry, ...described(options) })
    try {
      await build(engine, operation, input, work, timer, signal)
    } catch (failure) {
      await rollBackOperation(engine, operation as never, work, failure)
      throw withRolledBackOutcome(failure)
    }
    await passTheLine(engine, operation, work)
    const durationsMs = (): JsonObject => timer.durationsMs()
    await timer.time('commit', () => commitOperation(engine, operation as never, work, durationsMs))
    return {
      ...operation.result(plan, checkpointOf(work), work.warnings),
      operationId: work.operationId,
      kind: operation.kind,
      outcome: 'committed',
      consistencyVerified: true,
      verification: work.verification as Verification,
      durationsMs: timer.durationsMs(),
      replayed: false,
    }
  } finally {
    await cleaningUp(engine, 'releasing a lease', async () => lease[Symbol.asyncDispose]())
  }
}

/** What the operation would do. Reads only; takes no lease, since nothing is promised. */
export async function dryRunOperation<Input, Plan extends object>(
  engine: Engine,
  operation: Operation<Input, Plan>,
  input: Input,
  options: RunOptions,
): Promise<DryRun> {
  const work = newWork(engine, operation.kind, options)
  const plan = await operation.plan(buildContext(engine, work, options.signal), input)
  const summary: PlanSummary = operation.summarize(plan)
  return { dryRun: true, kind: operation.kind, plan, ...summary }
}

/** Everything above the line. */
async function build<Input, Plan extends object>(
  engine: Engine,
  operation: Operation<Input, Plan>,
  input: Input,
  work: Work,
  timer: PhaseTimer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const plan = work.plan as Plan
  const context = buildContext(engine, work, signal)
  const checkpoint = await timer.time('checkpoint', () =>
    takeCheckpoint(engine, work.operationId, operation.scopes(plan, input), context),
  )
  work.checkpoint = checkpoint
  await record(engine, work, { type: 'checkpointed', checkpoint })
  signal?.throwIfAborted()
  await timer.time('execute', () => operation.execute(context, plan, checkpoint, input))
  await record(engine, work, { type: 'executed' })
  await timer.time('verify', () => verify(engine, operation, work, signal))
  signal?.throwIfAborted()
}

async function verify<Input, Plan extends object>(
  engine: Engine,
  operation: Operation<Input, Plan>,
  work: Work,
  signal: AbortSignal | undefined,
): Promise<void> {
  const context = buildContext(engine, work, signal)
  const plan = work.plan as Plan
  for (let round = 0; ; round++) {
    const errors: Finding[] = []
    work.recordsChecked = 0
    work.warnings = []
    for await (const finding of operation.verify(context, plan, checkpointOf(work))) {
      if (finding.severity === 'error') {
        errors.push(finding)
        tellFinding(engine, work, finding)
      } else {
        context.warn(finding)
      }
    }
    if (errors.length === 0) {
      work.verifiedAt = engine.clock.now()
      work.verification = {
        depth: operation.depth,
        recordsChecked: work.recordsChecked,
        vectorTolerance: vectorTolerance(engine.store.traits.vectorFidelity),
        repaired: round > 0,
        findings: work.warnings,
      }
      return
    }
    if (operation.repair === undefined || round >= REPAIR_ROUNDS_MAX) {
      throw verificationFailed(work, errors)
    }
    await operation.repair(context, plan, checkpointOf(work))
  }
}

/**
 * Makes the `verified` entry durable. Outside of the `try` that rolls back: when the answer to this
 * one append is lost, the journal is asked what it holds, and only an entry that is not there may
 * be followed by a rollback.
 */
async function passTheLine<Input, Plan extends object>(
  engine: Engine,
  operation: Operation<Input, Plan>,
  work: Work,
): Promise<void> {
  const verification = work.verification as Verification
  try {
    return await record(engine, work, { type: 'verified', verification })
  } catch (failure) {
    let isVerified: boolean
    try {
      isVerified = (await engine.journal.get(work.operationId))?.state === 'verified'
    } catch {
      throw new HoldfastError(
        'OPERATION_PENDING',
        `${work.kind} was built and verified, but whether that is on record is not known ` +
          `(${reasonOf(failure)}). Recovery finishes or undoes it when the manager is opened again.`,
        {
          outcome: 'unknown',
          retryable: false,
          details: { operationId: work.operationId },
          cause: failure,
        },
      )
    }
    if (isVerified) return
    await rollBackOperation(engine, operation as never, work, failure)
    throw withRolledBackOutcome(failure)
  }
}

function verificationFailed(work: Work, errors: readonly Finding[]): HoldfastError {
  return new HoldfastError(
    'VERIFICATION_FAILED',
    `${work.kind} was undone because its result is not what it should be: ` +
      `${errors.map((finding) => finding.message).join(' ')} If somebody was writing to the ` +
      'collection meanwhile, try again when they have stopped.',
    {
      outcome: 'unknown',
      retryable: true,
      details: { operationId: work.operationId, findings: errors },
    },
  )
}

function newWork(engine: Engine, kind: string, options: RunOptions): Work {
  return {
    operationId: uuidV7(engine.clock, engine.random),
    kind,
    plan: {},
    keepForMs: options.keepForMs,
    notes: [],
    recordsChecked: 0,
    warnings: [],
  }
}

function described({ idempotency, keepForMs, actor }: RunOptions): {
  readonly idempotency?: Idempotency
  readonly keepForMs: number
  readonly actor?: string
} {
  return {
    keepForMs,
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(actor === undefined ? {} : { actor }),
  }
}
