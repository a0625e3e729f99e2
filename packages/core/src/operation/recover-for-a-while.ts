import { cleaningUp, type Engine } from './engine.ts'
import { type RecoveryReport, recoverAll } from './recover.ts'

/** How long opening waits for what it recovers, in ms. */
const PATIENCE_MS = 10_000

export interface BegunRecovery {
  /** What was ended by now; what was not is told as pending. */
  readonly recovered: readonly RecoveryReport[]
  /** What goes on in the background. Absent when nothing does; never rejects. */
  readonly rest: Promise<unknown> | undefined
}

/**
 * Recovers for as long as whoever opens a directory can wait, and then leaves the rest to the
 * background: a store that hangs must not keep a process from starting.
 */
export async function recoverForAWhile(
  engine: Engine,
  signal: AbortSignal,
): Promise<BegunRecovery> {
  const recovered: RecoveryReport[] = []
  const recovering = recoverAll(engine, { waitMs: 0, signal }, recovered)
  if (await endsInTime(engine, recovering)) return { recovered, rest: undefined }
  const rest = cleaningUp(engine, 'recovering open operations', async () => {
    await recovering
  })
  const ended = new Set(recovered.map(({ operationId }) => operationId))
  const open = await engine.journal.listOpen()
  const pending = open
    .filter(({ operationId }) => !ended.has(operationId))
    .map(({ operationId, kind }): RecoveryReport => {
      const reason = 'the store has not answered yet; recovery goes on in the background'
      return { operationId, kind, outcome: 'pending', reason }
    })
  return { recovered: [...recovered, ...pending], rest }
}

async function endsInTime({ clock }: Engine, recovering: Promise<unknown>): Promise<boolean> {
  const patience = new AbortController()
  try {
    return await Promise.race([
      recovering.then(() => true),
      clock.sleep(PATIENCE_MS, { signal: patience.signal, unref: true }).then(
        () => false,
        () => true,
      ),
    ])
  } finally {
    patience.abort()
  }
}
