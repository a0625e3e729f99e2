import { join } from 'node:path'
import { ChromaAdapter } from '@holdfast/adapter-chroma'
import { openConsistencyManager } from '@holdfast/core'
import { connect } from '../support/chroma.mjs'
import { interleave, timed } from '../support/interleave.mjs'
import { fillCollection } from '../support/records.mjs'
import { result } from '../support/report.mjs'
import { median } from '../support/statistics.mjs'

/** Other collections in the store, for what a rename costs in a store that has many. */
const MANY = 300
/** What is missing to the total goes to looking the collection up and to the journal. */
const PHASES = ['lease', 'plan', 'execute', 'verify', 'commit']

/**
 * A safe rename against the `modify` of the plain client, for each size of collection, and once
 * more in a store that has many collections.
 */
export async function measureRenames({ sizes, quick, random, directory, chroma, log }) {
  const server = await chroma.fresh()
  const client = connect(server.url)
  const store = new ChromaAdapter({ client })
  const path = join(directory, 'renames')
  const manager = await openConsistencyManager({ store, directory: path })
  try {
    const few = await measureOnce({
      client,
      manager,
      sizes,
      server,
      random,
      rounds: quick ? 10 : 40,
    })
    log(`renames among ${MANY} collections`)
    const others = Array.from({ length: MANY }, (_, index) => `bench-other-${index}`)
    for (const name of others) await createOther(client, name)
    const [smallest] = sizes
    const options = { client, manager, sizes: [smallest], server, random, rounds: quick ? 5 : 15 }
    const many = await measureOnce(options)
    for (const name of others) await client.deleteCollection({ name })
    return toMeasured(sizes, few, many)
  } finally {
    await manager.close()
    await server.close()
  }
}

/** With a record: an empty collection has no dimension yet, which is a case of its own. */
async function createOther(client, name) {
  const collection = await client.createCollection({ name, embeddingFunction: null })
  await fillCollection(collection, 1, Math.random)
}

async function measureOnce({ client, manager, sizes, server, random, rounds }) {
  const { operations } = manager
  const peers = {}
  /** By size: `[phase, ms]` of every safe rename. */
  const phases = new Map()
  for (const size of sizes) {
    const collection = await client.getCollection({ name: server.nameOf(size) })
    const names = { now: collection.name, next: `${collection.name}-renamed` }
    const swap = () => Object.assign(names, { now: names.next, next: names.now })
    phases.set(size, [])
    const raw = async () => {
      const ms = await timed(() => collection.modify({ name: names.next }))
      swap()
      return ms
    }
    const safe = async (round) => {
      const startedMs = performance.now()
      const renamed = await operations.safeRenameCollection({ from: names.now, to: names.next })
      const ms = performance.now() - startedMs
      swap()
      if (round >= 0) phases.get(size).push(...Object.entries(renamed.durationsMs))
      return ms
    }
    // Twice, so that names are as they were. Not measured: the first one loads code.
    for (const run of [raw, safe, safe, raw]) await run(-1)
    peers[`raw ${size}`] = raw
    peers[`safe ${size}`] = safe
  }
  // An even number of renames per round, so that all names are as they were at the end.
  const samples = await interleave(peers, { rounds, random })
  return { samples, phases }
}

function toMeasured(sizes, few, many) {
  const results = []
  const ratios = {}
  const bars = []
  const [smallest] = sizes
  const largest = sizes.at(-1)
  const medianOf = (name) => median(few.samples[name])
  for (const size of sizes) {
    const raw = `raw ${size}`
    const safe = `safe ${size}`
    results.push(result(`rename, raw, ${size} records`, 'ms', few.samples[raw]))
    results.push(result(`rename, safe, ${size} records`, 'ms', few.samples[safe]))
    ratios[`rename, safe to raw, ${size} records`] = medianOf(safe) / medianOf(raw)
    bars.push({
      name: `safe rename less raw rename of ${size} records, ms`,
      value: medianOf(safe) - medianOf(raw),
      atMost: 25,
    })
  }
  for (const phase of PHASES) {
    const ms = few.phases.get(largest).flatMap(([name, ms]) => (name === phase ? [ms] : []))
    results.push(result(`rename, safe, ${largest} records, phase ${phase}`, 'ms', ms))
  }
  bars.push({
    name: `safe rename of ${largest} records to safe rename of ${smallest}`,
    value: medianOf(`safe ${largest}`) / medianOf(`safe ${smallest}`),
    atMost: 1.3,
  })
  for (const kind of ['raw', 'safe']) {
    const name = `rename, ${kind}, ${smallest} records, among ${MANY} collections`
    results.push(result(name, 'ms', many.samples[`${kind} ${smallest}`]))
  }
  return { results, ratios, bars }
}
