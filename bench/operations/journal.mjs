import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { FileJournal } from '@holdfast/core'
import { nodeFileSystem, systemClock, systemRandom, uuidV7 } from '@holdfast/core/durable'
import { interleave, timed } from '../support/interleave.mjs'
import { result } from '../support/report.mjs'
import { median } from '../support/statistics.mjs'

const CONCURRENT = 16

/** Appends per second that are durable one by one, against writing and syncing a bare file. */
export async function measureJournal({ directory, quick, random }) {
  const path = join(directory, 'appends')
  await mkdir(path)
  const raw = await open(join(path, 'raw.log'), 'a')
  const parts = { fileSystem: nodeFileSystem, clock: systemClock, random: systemRandom }
  const journal = await FileJournal.open({ ...parts, directory: join(path, 'journal') })
  const lease = await journal.acquire(['bench'], { waitMs: 0 })
  const appendRaw = async (entry) => {
    await raw.write(`${JSON.stringify({ entry })}\n`)
    await raw.datasync()
  }
  const appendSafe = (entry) => journal.append(entry)
  const count = quick ? 80 : 240
  const peers = {
    'raw, one after the other': () => perSecond(appendRaw, count, 1),
    'journal, one after the other': () => perSecond(appendSafe, count, 1),
    [`raw, ${CONCURRENT} at a time`]: () => perSecond(appendRaw, count, CONCURRENT),
    [`journal, ${CONCURRENT} at a time`]: () => perSecond(appendSafe, count, CONCURRENT),
  }
  await interleave(peers, { rounds: 1, random })
  const samples = await interleave(peers, { rounds: quick ? 3 : 15, random })
  await lease[Symbol.asyncDispose]()
  await journal[Symbol.asyncDispose]()
  await raw.close()
  const rate = (name) => median(samples[name])
  return {
    results: Object.entries(samples).map(([name, perSecond]) =>
      result(`appends, ${name}`, 'per s', perSecond),
    ),
    ratios: {
      'appends one after the other, journal to raw':
        rate('journal, one after the other') / rate('raw, one after the other'),
      [`appends ${CONCURRENT} at a time, journal to raw`]:
        rate(`journal, ${CONCURRENT} at a time`) / rate(`raw, ${CONCURRENT} at a time`),
    },
    bars: [],
  }
}

async function perSecond(append, count, concurrent) {
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: concurrent }, async () => {
        for (const entry of entriesOfOperations(count / concurrent)) await append(entry)
      }),
    ),
  )
  return (count / ms) * 1000
}

/** The entries of one rename after the other, as they stand in the journal. */
function* entriesOfOperations(count) {
  let operationId = ''
  for (let number = 0; number < count; number++) {
    const events = EVENTS[number % EVENTS.length]
    if (number % EVENTS.length === 0) operationId = uuidV7(systemClock, systemRandom)
    yield { ...events, operationId, at: systemClock.now() }
  }
}

const COLLECTION = {
  name: 'documents',
  metric: 'cosine',
  dimension: 384,
  id: '0a3e7a52-33a7-4d5c-9d0b-5c1f6f2b8a11',
  settings: {
    hnsw: { ef_construction: 100, ef_search: 100, max_neighbors: 16, resize_factor: 1.2 },
  },
}

const EVENTS = [
  {
    type: 'planned',
    kind: 'collection:rename',
    resources: ['collection:documents', 'collection:documents-2'],
    plan: { collection: COLLECTION, to: 'documents-2' },
    keepForMs: 0,
  },
  { type: 'checkpointed', checkpoint: { parts: [] } },
  { type: 'executed' },
  {
    type: 'verified',
    verification: {
      depth: 'identity',
      recordsChecked: 0,
      vectorTolerance: 0,
      repaired: false,
      findings: [],
    },
  },
  {
    type: 'committed',
    result: { from: 'documents', to: 'documents-2' },
    durationsMs: { lease: 1, plan: 5, checkpoint: 0, execute: 5, verify: 3, commit: 0, total: 20 },
  },
]
