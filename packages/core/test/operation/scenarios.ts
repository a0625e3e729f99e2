import { isDeepStrictEqual } from 'node:util'
import { storeNameOf } from '../../src/model/display-name.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import { sameVector, VECTOR_TOLERANCE_NORMALIZED } from '../../src/model/same-record.ts'
import type { OperationResult } from '../../src/operation/operation-result.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import type {
  MemoryCollectionSnapshot,
  MemoryStoreSnapshot,
} from '../../src/testing/memory-store-data.ts'
import { type Process, recordsFor, type World } from './world.ts'

/** One operation, with what the store holds before it and after it. */
export interface Scenario {
  readonly title: string
  /** Makes the world in which `run` is called. */
  prepare(world: World): Promise<Prepared>
  run(process: Process, prepared: Prepared): Promise<OperationResult>
  /** What the operation makes of a snapshot. */
  after(before: MemoryStoreSnapshot, prepared: Prepared): MemoryStoreSnapshot
}

export interface Prepared {
  /** The delete to take back, for those scenarios that do. */
  readonly deleted: string
  /** The store before that delete. */
  readonly original: MemoryStoreSnapshot
}

const UNICODE_NAME = 'Übersicht 文'
const UNICODE_RULES = new MemoryStore().traits.names
const IDS = ['a', 'b', 'c', 'ä', 'é', '文']
const PUT: readonly VectorRecord[] = ['b', 'c', 'new 1', 'new 2', 'new 3'].map((id, index) => ({
  id,
  vector: Float32Array.from([2, index, 1]),
  metadata: { label: 'put' },
}))

async function prepareDocs(world: World): Promise<Prepared> {
  const { store, random } = world
  await store.createCollection({ name: 'other', metric: 'cosine', dimension: 3 })
  await store.putRecords({ name: 'other' }, recordsFor(random, ['x'], 'other').slice(0, 4))
  await store.createCollection({
    name: 'docs',
    metric: 'cosine',
    dimension: 3,
    metadata: { owner: 'tests' },
    settings: { m: 16 },
  })
  for (const id of IDS) {
    await store.putRecords({ name: 'docs' }, recordsFor(random, [id], 'docs'))
  }
  return { deleted: '', original: world.snapshot() }
}

async function prepareDeleted(
  world: World,
  remove: (process: Process) => Promise<OperationResult>,
): Promise<Prepared> {
  const { original } = await prepareDocs(world)
  const { operationId } = await remove(await world.start())
  return { deleted: operationId, original }
}

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'rename',
    prepare: prepareDocs,
    run: ({ operations }) => operations.safeRenameCollection({ from: 'docs', to: 'papers' }),
    after: ({ docs, ...rest }) => ({ ...rest, papers: docs as MemoryCollectionSnapshot }),
  },
  {
    title: 'rename to a name in Unicode',
    prepare: prepareDocs,
    run: ({ operations }) => operations.safeRenameCollection({ from: 'docs', to: UNICODE_NAME }),
    after: ({ docs, ...rest }) => ({
      ...rest,
      [storeNameOf(UNICODE_NAME, UNICODE_RULES)]: {
        ...(docs as MemoryCollectionSnapshot),
        metadata: { owner: 'tests', original_name: UNICODE_NAME },
      },
    }),
  },
  {
    title: 'clone',
    prepare: prepareDocs,
    run: ({ operations }) => operations.safeCloneCollection({ from: 'docs', to: 'papers' }),
    after: (before) => ({ ...before, papers: before['docs'] as MemoryCollectionSnapshot }),
  },
  {
    title: 'delete',
    prepare: prepareDocs,
    run: ({ operations }) => operations.safeDeleteCollection('docs'),
    after: ({ docs: _, ...rest }) => rest,
  },
  {
    title: 'undelete',
    prepare: (world) =>
      prepareDeleted(world, ({ operations }) => operations.safeDeleteCollection('docs')),
    run: ({ operations }, { deleted }) => operations.undelete(deleted, { as: 'papers' }),
    after: (before, { original }) => ({
      ...before,
      papers: original['docs'] as MemoryCollectionSnapshot,
    }),
  },
  {
    title: 'put',
    prepare: prepareDocs,
    run: ({ operations }) => operations.safePutRecords('docs', PUT),
    after: (before) => withDocs(before, (records) => ({ ...records, ...asSnapshots(PUT) })),
  },
  {
    title: 'delete records',
    prepare: prepareDocs,
    run: ({ operations }) =>
      operations.safeDeleteRecords('docs', ['a', 'ä', 'no such', '文', 'c', 'b']),
    after: (before) => withDocs(before, ({ é }) => ({ é: é as never })),
  },
  {
    title: 'undelete records',
    prepare: (world) =>
      prepareDeleted(world, ({ operations }) =>
        operations.safeDeleteRecords('docs', ['a', 'ä', 'b', '文', 'c']),
      ),
    run: ({ operations }, { deleted }) => operations.undelete(deleted),
    after: (_before, { original }) => original,
  },
]

type Records = MemoryCollectionSnapshot['records']

function withDocs(
  before: MemoryStoreSnapshot,
  change: (records: Records) => Records,
): MemoryStoreSnapshot {
  const docs = before['docs'] as MemoryCollectionSnapshot
  return { ...before, docs: { ...docs, records: change(docs.records) } }
}

function asSnapshots(records: readonly VectorRecord[]): Records {
  return Object.fromEntries(
    records.map(({ id, vector, metadata = {}, text }) => [
      id,
      { vector: [...vector], metadata, ...(text === undefined ? {} : { text }) },
    ]),
  )
}

/** Whether two states of a store are the same, but for what normalizing does to vectors. */
export function sameState(a: MemoryStoreSnapshot, b: MemoryStoreSnapshot): boolean {
  return isDeepStrictEqual(withoutVectors(a), withoutVectors(b)) && sameVectors(a, b)
}

function withoutVectors(snapshot: MemoryStoreSnapshot): unknown {
  return JSON.parse(
    JSON.stringify(snapshot, (key, value: unknown) =>
      key === 'vector' ? undefined : sorted(value),
    ),
  )
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function sameVectors(a: MemoryStoreSnapshot, b: MemoryStoreSnapshot): boolean {
  return Object.entries(a).every(([name, collection]) =>
    Object.entries(collection.records).every(([id, { vector }]) => {
      const other = b[name]?.records[id]?.vector ?? []
      return sameVector(
        Float32Array.from(vector),
        Float32Array.from(other),
        VECTOR_TOLERANCE_NORMALIZED,
      )
    }),
  )
}
