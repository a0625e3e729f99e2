import { DISPLAY_NAME_KEY, refOf, storeNameOf, type VectorRecord } from '@holdfast/core'
import { SeededRandom } from '@holdfast/core/testing'
import type { ChromaClient } from 'chromadb'
import { ChromaAdapter } from '../../src/index.ts'
import { CHROMA_NAMES } from '../../src/names.ts'
import { idOf, recordsOf } from './records.ts'
import {
  type CollectionState,
  differences,
  readState,
  type StoreState,
  stateOf,
} from './store-state.ts'

/** The small world of one kill: a collection of its own, and names that nobody else uses. */
export interface Site {
  readonly prefix: string
  readonly seed: number
  readonly docs: string
  readonly papers: string
  readonly records: readonly VectorRecord[]
  /** The collection with these records. */
  readonly whole: CollectionState
}

/** A method of `manager.operations` and what it is given, without the options. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}

/** One kind of operation that a process is killed in. */
export interface Scenario {
  readonly title: string
  /** As the journal calls it. */
  readonly kind: string
  /** Without the adapter's own rename. */
  readonly nativeRename?: false
  /** A delete that comes before, and that the operation is to take back. */
  readonly deleted?: (site: Site) => Call
  /** @param deletedId of that delete */
  readonly call: (site: Site, deletedId: string) => Call
  readonly before: (site: Site) => StoreState
  readonly after: (site: Site) => StoreState
}

const PUT_FROM = 0.6

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'rename',
    kind: 'collection:rename',
    call: ({ docs, papers }) => rename(docs, papers),
    before: onlyDocs,
    after: onlyPapers,
  },
  {
    title: 'rename to a display name in Unicode',
    kind: 'collection:rename',
    call: (site) => rename(site.docs, displayName(site)),
    before: onlyDocs,
    after: (site) => {
      const { whole } = site
      const name = displayName(site)
      const metadata = { ...whole.metadata, [DISPLAY_NAME_KEY]: name }
      return new Map([[storeNameOf(name, CHROMA_NAMES), { ...whole, metadata }]])
    },
  },
  {
    title: 'rename by copying',
    kind: 'collection:rename-by-copy',
    nativeRename: false,
    call: ({ docs, papers }) => rename(docs, papers),
    before: onlyDocs,
    after: onlyPapers,
  },
  {
    title: 'clone',
    kind: 'collection:clone',
    call: ({ docs: from, papers: to }) => ({ method: 'safeCloneCollection', args: [{ from, to }] }),
    before: onlyDocs,
    after: ({ docs, papers, whole }) =>
      new Map([
        [docs, whole],
        [papers, whole],
      ]),
  },
  {
    title: 'delete',
    kind: 'collection:delete',
    call: deleteDocs,
    before: onlyDocs,
    after: nothing,
  },
  {
    title: 'undelete',
    kind: 'collection:undelete',
    deleted: deleteDocs,
    call: (_site, deletedId) => ({ method: 'undelete', args: [deletedId] }),
    before: nothing,
    after: onlyDocs,
  },
  {
    title: 'put records',
    kind: 'records:put',
    call: (site) => ({ method: 'safePutRecords', args: [site.docs, newRecords(site)] }),
    before: onlyDocs,
    after: (site) => docsWith(site, [...site.records, ...newRecords(site)]),
  },
  {
    title: 'delete records',
    kind: 'records:delete',
    call: deleteMany,
    before: onlyDocs,
    after: withoutMany,
  },
  {
    title: 'undelete records',
    kind: 'records:undelete',
    deleted: deleteMany,
    call: (_site, deletedId) => ({ method: 'undelete', args: [deletedId] }),
    before: withoutMany,
    after: onlyDocs,
  },
]

/** Makes the collection of a site, and makes sure that it is what it should be. */
export async function prepareSite(
  client: ChromaClient,
  seed: number,
  recordCount: number,
): Promise<Site> {
  const site = siteOf(seed, recordCount)
  const { docs, whole, records } = site
  // By the adapter: Chroma's own `add` may bring up metadata of collections that were dropped.
  const adapter = new ChromaAdapter({ client })
  const metric = whole.space === 'l2' ? 'euclidean' : 'cosine'
  const created = await adapter.createCollection({ name: docs, metric, metadata: whole.metadata })
  await adapter.putRecords(refOf(created), records)
  const wrong = differences(await readState(client, site.prefix), onlyDocs(site))
  if (wrong.length > 0) throw new Error(`the collection was not prepared: ${wrong.join('; ')}`)
  return site
}

function siteOf(seed: number, recordCount: number): Site {
  const random = new SeededRandom(seed)
  const prefix = `k${seed.toString(36)}-`
  const records = recordsOf(random, recordCount, 'first')
  const space = random.next() < 0.5 ? 'l2' : 'cosine'
  return {
    prefix,
    seed,
    docs: `${prefix}docs`,
    papers: `${prefix}papers`,
    records,
    whole: stateOf(records, { metadata: { owner: 'tests', seed }, space }),
  }
}

function displayName({ prefix }: Site): string {
  return `${prefix}Übersicht 文`
}

/** Some replace records that are there, and some are new. */
function newRecords({ seed, records }: Site): readonly VectorRecord[] {
  const first = Math.floor(records.length * PUT_FROM)
  return recordsOf(new SeededRandom(seed + 0.5), records.length, 'second', first)
}

function rename(from: string, to: string): Call {
  return { method: 'safeRenameCollection', args: [{ from, to }] }
}

function deleteDocs({ docs }: Site): Call {
  return { method: 'safeDeleteCollection', args: [docs] }
}

function deleteMany({ docs, records }: Site): Call {
  const ids = records.flatMap(({ id }, index) => (isDeleted(index) ? [id] : []))
  return { method: 'safeDeleteRecords', args: [docs, [...ids, idOf(records.length + 1)]] }
}

function isDeleted(index: number): boolean {
  return index % 5 !== 0
}

function nothing(): StoreState {
  return new Map()
}

function onlyDocs({ docs, whole }: Site): StoreState {
  return new Map([[docs, whole]])
}

function onlyPapers({ papers, whole }: Site): StoreState {
  return new Map([[papers, whole]])
}

function withoutMany(site: Site): StoreState {
  return docsWith(
    site,
    site.records.filter((_, index) => !isDeleted(index)),
  )
}

function docsWith({ docs, whole }: Site, records: readonly VectorRecord[]): StoreState {
  return new Map([[docs, stateOf(records, whole)]])
}
