import { type CollectionInfo, type CollectionSpec, refOf } from '../model/collection.ts'
import { specOf } from '../model/same-spec.ts'
import type { VectorStoreAdapter } from '../store/adapter.ts'
import {
  collectionResource,
  getResolved,
  type NamedCollection,
  planTargetName,
  targetResource,
} from './collection-name.ts'
import { compareRecords } from './compare-records.ts'
import { copyDifference, copyRecords } from './copy-records.ts'
import { countOf } from './count-of.ts'
import { createNoted, dropCreated } from './created-collection.ts'
import type { Operation } from './operation.ts'

export interface CloneInput {
  readonly store: VectorStoreAdapter
  readonly from: NamedCollection
  readonly to: string
}

export interface ClonePlan {
  readonly from: CollectionInfo
  readonly to: CollectionSpec
  readonly recordCount: number
}

/** Copies a collection with all of its records under another name, and compares every one. */
export const cloneCollection: Operation<CloneInput, ClonePlan> = {
  kind: 'collection:clone',
  depth: 'manifest',
  builds: true,

  resources({ store, from, to }) {
    return [collectionResource(from.name), targetResource(store, to)]
  },

  async plan({ store, ...options }, { from: named, to }) {
    const from = await getResolved(store, named, options)
    const target = await planTargetName(store, from, to, options)
    const recordCount = await store.countRecords(refOf(from), options)
    return { from, to: { ...specOf(from), ...target }, recordCount }
  },

  summarize({ from, to, recordCount }) {
    return {
      reads: [`Reads the ${countOf(recordCount, 'record')} of "${from.name}" twice.`],
      writes: [`Creates "${to.name}" and puts ${countOf(recordCount, 'record')} into it.`],
      destroys: [],
      checkpoint: { records: 0, bytesEstimate: 0 },
    }
  },

  scopes() {
    return []
  },

  async execute(context, { from, to }) {
    const created = await createNoted(context, to)
    const records = context.store.readRecords(refOf(from), context)
    await copyRecords(context.store, records, refOf(created), context)
  },

  async *verify(context, { from, to }) {
    const records = context.store.readRecords(refOf(from), context)
    yield* compareRecords(context.store, records, { name: to.name }, context)
  },

  async repair(context, { from, to }) {
    const records = context.store.readRecords(refOf(from), context)
    await copyDifference(context.store, records, { name: to.name }, context)
  },

  async commit() {},

  async rollback(context, { to }) {
    await dropCreated(context, to)
  },

  result({ from, to, recordCount }) {
    return { from: from.name, to: to.name, recordCount }
  },

  changes({ to }) {
    return [{ type: 'collection:created', collection: { name: to.name } }]
  },
}
