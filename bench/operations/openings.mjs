import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FileJournal, openConsistencyManager } from '@holdfast/core'
import { nodeFileSystem, systemClock, systemRandom } from '@holdfast/core/durable'
import { MemoryStore } from '@holdfast/core/testing'
import { runInChild } from '../support/child.mjs'
import { copyDurably } from '../support/disk.mjs'
import { interleave, timed } from '../support/interleave.mjs'
import { result } from '../support/report.mjs'

const CHILD = new URL('./opening-child.mjs', import.meta.url)
/** Renames at the same time while a history is made: their entries share syncs of the disk. */
const LANES = 50

/** How long opening takes in a new process, by the number of ended operations in the journal. */
export async function measureOpenings({ directory, quick, random, profile, log }) {
  const root = join(directory, 'openings')
  await mkdir(root)
  const results = []
  const histories = {}
  for (const count of quick ? [0, 1_000] : [0, 1_000, 10_000]) {
    log(`makes a history of ${count} operations`)
    const { directories, compactionMs } = await makeHistory(join(root, String(count)), count)
    if (compactionMs !== undefined) {
      results.push(result(`compaction of ${count} operations`, 'ms', [compactionMs]))
    }
    for (const [state, path] of Object.entries(directories)) {
      histories[`${count} operations, ${state}`] = path
      const { size } = await stat(join(path, 'journal', 'journal.log'))
      results.push(result(`journal of ${count} operations, ${state}`, 'kB', [size / 1000]))
    }
  }
  let runs = 0
  const peers = Object.entries(histories).map(([name, path]) => [
    name,
    async () => {
      const copy = join(root, `copy-${runs++}`)
      await copyDurably(path, copy)
      return runInChild(CHILD, { directory: copy }, { profile })
    },
  ])
  const samples = await interleave(Object.fromEntries(peers), { rounds: quick ? 3 : 11, random })
  for (const [name, measured] of Object.entries(samples)) {
    const all = (key) => measured.map((sample) => sample[key])
    results.push(result(`opening with ${name}`, 'ms', all('ms')))
    results.push(
      result(`opening with ${name}, longest event loop delay`, 'ms', all('loopDelayMaxMs')),
    )
    results.push(result(`opening with ${name}, memory growth`, 'MB', all('rssGrowthMb')))
  }
  return { results, ratios: {}, bars: [] }
}

/**
 * Makes a directory by running that many renames. What is copied aside while a lease is still held
 * is the journal as it grew; a history that is long enough is compacted when the lease is given back.
 *
 * @returns {Promise<{ directories: Record<string, string>, compactionMs?: number }>} directories by
 *   the state of their journal, and how long whoever gave the lease back had to wait
 */
async function makeHistory(directory, count) {
  const parts = { fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom }
  await mkdir(directory)
  const live = join(directory, 'live')
  await mkdir(live)
  const journal = await FileJournal.open({ ...parts, directory: join(live, 'journal') })
  const store = new MemoryStore()
  const manager = await openConsistencyManager({ store, directory: live, parts: { journal } })
  const lease = await journal.acquire(['bench'], { waitMs: 0 })
  await Promise.all(
    Array.from({ length: LANES }, (_, lane) =>
      renameBackAndForth(manager, store, lane, count / LANES),
    ),
  )
  const log = join('journal', 'journal.log')
  const grown = await takeOut(live, log, join(directory, 'as it grew'))
  const compactionMs = await timed(async () => lease[Symbol.asyncDispose]())
  await manager.close()
  if (count === 0) return { directories: { 'as it grew': grown } }
  const compacted = await takeOut(live, log, join(directory, 'compacted'))
  const [before, after] = await Promise.all([grown, compacted].map((path) => stat(join(path, log))))
  if (after.size >= before.size) throw new Error('the journal was not compacted')
  return { directories: { 'as it grew': grown, compacted }, compactionMs }
}

async function renameBackAndForth(manager, store, lane, count) {
  let [now, next] = [`lane-${lane}-a`, `lane-${lane}-b`]
  await store.createCollection({ name: now, metric: 'cosine', dimension: 384 })
  for (let number = 0; number < count; number++) {
    await manager.operations.safeRenameCollection({ from: now, to: next })
    ;[now, next] = [next, now]
  }
}

/** Without the lock, which our own process holds or held. */
async function takeOut(live, log, to) {
  await mkdir(join(to, 'journal'), { recursive: true })
  for (const file of ['holdfast.json', log]) await copyDurably(join(live, file), join(to, file))
  return to
}
