import { isEnded } from '../journal/journal.ts'
import { HoldfastError } from '../model/errors.ts'
import { cleaningUp, type Engine, record } from './engine.ts'

/**
 * Ends an open operation as it stands, without touching the store: for a person who has looked and
 * knows better than recovery. What a delete has kept stays for its undo window.
 * @throws OPERATION_NOT_FOUND when there is none that is open
 */
export async function abandonOperation(
  engine: Engine,
  operationId: string,
  reason: string,
): Promise<void> {
  const found = await engine.journal.get(operationId)
  const resources = found?.resources ?? []
  const lease = await engine.journal.acquire(resources, { waitMs: 0 })
  try {
    const operation = await engine.journal.get(operationId)
    if (operation === undefined || isEnded(operation)) throw notOpen(operationId, operation?.state)
    await record(engine, operation, { type: 'abandoned', reason })
  } finally {
    await cleaningUp(engine, 'releasing a lease', async () => lease[Symbol.asyncDispose]())
  }
}

function notOpen(operationId: string, state: string | undefined): HoldfastError {
  return new HoldfastError(
    'OPERATION_NOT_FOUND',
    `There is no open operation ${JSON.stringify(operationId)} to give up` +
      `${state === undefined ? '' : `: it is "${state}" already`}. \`manager.history()\` lists them.`,
    { outcome: 'unchanged', retryable: false, details: { operationId } },
  )
}
