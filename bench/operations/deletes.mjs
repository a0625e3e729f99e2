import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runInChild } from '../support/child.mjs'
import { interleave } from '../support/interleave.mjs'
import { result } from '../support/report.mjs'
import { median } from '../support/statistics.mjs'

const CHILD = new URL('./delete-child.mjs', import.meta.url)
/** Page sizes of the plain loop. Which of them is the fastest depends on the machine. */
const PAGES = [1_000, 2_000, 5_000]
/** The other ones take no time worth telling. */
const PHASES = ['checkpoint', 'verify', 'commit']

/**
 * A safe delete against reading the collection once with the plain client, as whoever makes a backup
 * by hand would, and against the bare drop. Every run has a process of its own.
 */
export async function measureDeletes(settings) {
  const { sizes, quick, random, log } = settings
  const servers = new Servers(settings.chroma)
  const peers = {}
  for (const size of sizes) {
    for (const page of PAGES) {
      peers[`read ${size} by ${page}`] = () => run(settings, servers, { what: 'read', size, page })
    }
    peers[`safe delete ${size}`] = () => run(settings, servers, { what: 'safe delete', size })
    peers[`drop ${size}`] = () => run(settings, servers, { what: 'drop', size })
  }
  const [smallest] = sizes
  peers.idle = () => run(settings, servers, { what: 'idle', size: smallest })
  try {
    const samples = await interleave(peers, { rounds: quick ? 2 : 4, random })
    log('deletes are measured')
    return toMeasured(sizes, samples)
  } finally {
    await servers.close()
  }
}

async function run({ directory, profile }, servers, { what, size, page }) {
  const server = await servers.having(size, { destroys: what === 'safe delete' || what === 'drop' })
  const own = join(directory, `child-${servers.runs++}`)
  await mkdir(own)
  const job = { what, url: server.url, collection: server.nameOf(size), size, page, directory: own }
  return runInChild(CHILD, job, { profile })
}

/** A server for each run that still has what the run needs. */
class Servers {
  runs = 0
  #chroma
  #server
  #gone = new Set()

  constructor(chroma) {
    this.#chroma = chroma
  }

  async having(size, { destroys }) {
    if (this.#server === undefined || this.#gone.has(size)) {
      await this.close()
      this.#gone.clear()
      this.#server = await this.#chroma.fresh()
    }
    if (destroys) this.#gone.add(size)
    return this.#server
  }

  async close() {
    await this.#server?.close()
    this.#server = undefined
  }
}

function toMeasured(sizes, samples) {
  const results = []
  const ratios = {}
  const bars = []
  const largest = sizes.at(-1)
  const measure = (peer, key) => samples[peer].map((sample) => sample[key])
  const msOf = (peer) => median(measure(peer, 'ms'))
  for (const size of sizes) {
    const reads = PAGES.map((page) => `read ${size} by ${page}`)
    const fastest = reads.reduce((best, read) => (msOf(read) < msOf(best) ? read : best))
    const safe = `safe delete ${size}`
    const drop = `drop ${size}`
    for (const peer of [...reads, safe]) {
      results.push(result(peer, 'ms', measure(peer, 'ms')))
      results.push(result(`${peer}, processor time of the client`, 'ms', measure(peer, 'cpuMs')))
      results.push(result(`${peer}, memory growth`, 'MB', measure(peer, 'rssGrowthMb')))
      results.push(
        result(`${peer}, longest event loop delay`, 'ms', measure(peer, 'loopDelayMaxMs')),
      )
    }
    results.push(result(`${safe}, longest block`, 'ms', measure(safe, 'loopBlockMaxMs')))
    results.push(result(`${safe}, event loop delay p99`, 'ms', measure(safe, 'loopDelayP99Ms')))
    for (const phase of PHASES) {
      const ms = samples[safe].map(({ durationsMs }) => durationsMs[phase])
      results.push(result(`${safe}, phase ${phase}`, 'ms', ms))
    }
    results.push(result(drop, 'ms', measure(drop, 'ms')))
    ratios[`${safe} to the fastest read (${fastest})`] = msOf(safe) / msOf(fastest)
    ratios[`${safe} to that read and the drop`] = msOf(safe) / (msOf(fastest) + msOf(drop))
    if (size !== largest) continue
    bars.push({
      name: `safe delete of ${size} records to reading them once (${fastest})`,
      value: msOf(safe) / msOf(fastest),
      atMost: 1.6,
    })
    bars.push({
      name: `memory growth during a safe delete of ${size} records, MB`,
      value: Math.max(...measure(safe, 'rssGrowthMb')),
      atMost: 150,
    })
    bars.push({
      name: `event loop delay during a safe delete of ${size} records, 99th percentile, ms`,
      value: median(measure(safe, 'loopDelayP99Ms')),
      atMost: 10,
    })
  }
  const idleMs = measure('idle', 'loopDelayMaxMs')
  results.push(result('idle for 3 s, longest event loop delay', 'ms', idleMs))
  results.push(result('idle for 3 s, longest block', 'ms', measure('idle', 'loopBlockMaxMs')))
  return { results, ratios, bars }
}
