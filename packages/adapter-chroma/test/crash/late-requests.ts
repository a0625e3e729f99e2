import { setTimeout as sleep } from 'node:timers/promises'
import { refOf } from '@holdfast/core'
import { SeededRandom } from '@holdfast/core/testing'
import type { ChromaClient } from 'chromadb'
import { ChromaAdapter } from '../../src/index.ts'
import { recordsOf } from './records.ts'
import { dropAll } from './store-state.ts'
import { Trial, type TrialOptions, type TrialWorld } from './trial.ts'

const NOISE_PREFIX = 'noise-'
const NOISE_WRITERS = 4
const NOISE_RECORDS = 500
/** By then the request has been sent, and waits for the others who write. */
const SENT_AFTER_MS = 20
const SENT_WITHIN_MS = 80
/** Much may have been built before that request, and the journal's last entry may be old. */
const LONG_MS = 5_000
/** What still waits when the noise is over comes to its end soon. */
const QUIET_MS = 2_000

/**
 * A process dies while a request of its waits in a busy server, which carries it out seconds later.
 * Until then recovery has been there. Tells what is not as recovery has left it in the journal.
 */
export async function runLateRequests(
  world: TrialWorld,
  all: readonly TrialOptions[],
): Promise<readonly string[]> {
  const trials: Trial[] = []
  for (const options of all) trials.push(await Trial.prepare(world, options))
  const stopNoise = await startNoise(world.client)
  const faults: string[] = []
  try {
    for (const [index, trial] of trials.entries()) {
      const { seed = 0 } = all[index] ?? {}
      const pauseMs = index % 2 === 0 ? 0 : LONG_MS
      await killWithRequest(world, trial, { random: new SeededRandom(seed), pauseMs })
    }
  } finally {
    await stopNoise()
  }
  await sleep(QUIET_MS)
  for (const [index, trial] of trials.entries()) {
    const worker = await world.pool.take()
    await worker.call('open', trial.open)
    const { verdict, faults: own } = await trial.look(worker)
    const title = `${all[index]?.scenario.title}, ${verdict}`
    faults.push(...own.map((fault) => `${title}: ${fault}`))
    if (own.length === 0) faults.push(...(await trial.goOn(worker, verdict === 'committed')))
    await trial.dispose()
  }
  return faults
}

/** Kills a process that has just asked the store for something, and lets the next one recover. */
async function killWithRequest(
  { pool }: TrialWorld,
  trial: Trial,
  { random, pauseMs }: { readonly random: SeededRandom; readonly pauseMs: number },
): Promise<void> {
  const [dying, next] = [await pool.take(), await pool.take()]
  await dying.call('open', trial.open)
  await dying.call('stopAt', { kind: 'request', effect: 0, moment: 'before', delayMs: 0 })
  trial.operate(dying).catch(() => {})
  await dying.reached()
  await sleep(pauseMs)
  await dying.call('goOn')
  await sleep(SENT_AFTER_MS + random.integer(SENT_WITHIN_MS))
  await dying.kill()
  await next.call('open', trial.open)
  await next.close()
}

/** Resolves when everybody writes; call the result to end it. */
async function startNoise(client: ChromaClient): Promise<() => Promise<void>> {
  const adapter = new ChromaAdapter({ client })
  let isOver = false
  const write = async (index: number): Promise<void> => {
    const name = `${NOISE_PREFIX}${index}`
    const created = await adapter.createCollection({ name, metric: 'euclidean' })
    const records = recordsOf(new SeededRandom(index), NOISE_RECORDS, 'noise')
    while (!isOver) {
      // So many who write at once may be refused; it is the noise that counts.
      await adapter.putRecords(refOf(created), records).catch(() => {})
    }
  }
  const writers = Promise.all(Array.from({ length: NOISE_WRITERS }, (_, index) => write(index)))
  writers.catch(() => {})
  await sleep(QUIET_MS)
  return async () => {
    isOver = true
    await writers
    await dropAll(client, NOISE_PREFIX)
  }
}
