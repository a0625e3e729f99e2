import type { ChromaClient } from 'chromadb'
import { Trial, type TrialOptions, type TrialWorld } from './trial.ts'

const STALE_NAME = 'stale'
const STALE_RECORDS = 1_000
/** Those before it replace records, and take the lists of nobody. */
const UPSERT_OF_NEW = 2

/**
 * Chroma 1.4.4 gives the lists of dropped records to new ones, and the adapter puts that right
 * after it has put them. A process dies in between. Tells what recovery has not undone.
 */
export async function runStaleMetadata(
  world: TrialWorld,
  options: TrialOptions,
): Promise<readonly string[]> {
  const trial = await Trial.prepare(world, options)
  await dropLists(world.client)
  const dying = await world.pool.take()
  await dying.call('open', trial.open)
  const effect = options.scenario.kind === 'records:put' ? UPSERT_OF_NEW : 0
  await dying.call('stopAt', { kind: 'request', effect, moment: 'after', delayMs: 0 })
  trial.operate(dying).catch(() => {})
  await dying.reached()
  await dying.kill()
  const worker = await world.pool.take()
  await worker.call('open', trial.open)
  const { verdict, faults } = await trial.look(worker)
  const more = await trial.goOn(worker, verdict === 'committed')
  await trial.dispose()
  return [...faults, ...more]
}

async function dropLists(client: ChromaClient): Promise<void> {
  const collection = await client.createCollection({ name: STALE_NAME, embeddingFunction: null })
  const indexes = Array.from({ length: STALE_RECORDS }, (_, index) => index)
  await collection.add({
    ids: indexes.map((index) => `stale-${index}`),
    embeddings: indexes.map(() => [1, 2]),
    metadatas: indexes.map((index) => ({ stale: ['dropped', `record ${index}`] })),
  })
  await client.deleteCollection({ name: STALE_NAME })
}
