import { type CollectionInfo, refOf } from '../model/collection.ts'
import type { Finding } from '../model/finding.ts'
import type { Metadata } from '../model/record.ts'
import { sameSpec } from '../model/same-spec.ts'
import type { VectorStoreAdapter } from '../store/adapter.ts'
import {
  collectionResource,
  getResolved,
  type NamedCollection,
  planTargetName,
  targetResource,
} from './collection-name.ts'
import type { Operation } from './operation.ts'

export interface RenameInput {
  readonly store: VectorStoreAdapter
  readonly from: NamedCollection
  readonly to: string
}

export interface RenamePlan {
  readonly collection: CollectionInfo
  readonly to: string
  /** Absent when the metadata stays. */
  readonly metadata?: Metadata
}

/**
 * Renames in a store that can do it atomically. Verified by identity: the very same collection,
 * under the new name and no more under the old one. Nothing is read but descriptions, so the cost
 * doesn't grow with the collection; and nothing is compared record by record, so that people may
 * go on writing meanwhile.
 */
export const renameCollection: Operation<RenameInput, RenamePlan> = {
  kind: 'collection:rename',
  depth: 'identity',
  builds: true,

  resources({ store, from, to }) {
    return [collectionResource(from.name), targetResource(store, to)]
  },

  async plan({ store, ...options }, { from, to }) {
    const collection = await getResolved(store, from, options)
    const target = await planTargetName(store, collection, to, options)
    return { collection, to: target.name, ...metadataOf(target) }
  },

  summarize({ collection, to }) {
    return {
      reads: [`Looks up "${collection.name}" and "${to}".`],
      writes: [`Renames "${collection.name}" to "${to}" in one atomic step of the store.`],
      destroys: [],
      checkpoint: { records: 0, bytesEstimate: 0 },
    }
  },

  scopes() {
    return []
  },

  async execute({ store, ...options }, plan) {
    const from = refOf(plan.collection)
    await store.renameCollection?.({ from, to: plan.to, ...metadataOf(plan) }, options)
  },

  async *verify({ store, ...options }, plan) {
    const { collection, to } = plan
    const renamed = await store.getCollection({ name: to }, options)
    if (renamed === undefined) return yield notRenamed(plan, `there is no "${to}"`)
    if (renamed.id !== collection.id) return yield notRenamed(plan, `"${to}" is another collection`)
    const wanted = { ...collection, ...metadataOf(plan) }
    if (!sameSpec(renamed, wanted)) yield notRenamed(plan, `"${to}" differs in its settings`)
    // Growing is explained by a writer; shrinking may be one too, but must not pass for certain.
    if ((renamed.count ?? 0) < (collection.count ?? 0)) {
      yield notRenamed(plan, `it has ${renamed.count} records and had ${collection.count}`)
    }
    // With identities the same collection can't be in two places; somebody may well have made a
    // new one under the old name by now.
    if (collection.id !== undefined) return
    const old = await store.getCollection({ name: collection.name }, options)
    if (old !== undefined) yield notRenamed(plan, `there is still a "${collection.name}"`)
  },

  async commit() {},

  async rollback({ store }, plan) {
    const { collection, to } = plan
    const now = await store.getCollection(
      collection.id === undefined ? { name: to } : refOf(collection),
    )
    // Gone, or called something else by now: somebody else's doing, and not ours to undo.
    if (now === undefined || now.name !== to) return
    if (collection.id === undefined && (await store.getCollection(collection)) !== undefined) return
    const metadata = plan.metadata === undefined ? {} : { metadata: collection.metadata ?? {} }
    await store.renameCollection?.({ from: refOf(now), to: collection.name, ...metadata })
  },

  result({ collection, to }) {
    return { from: collection.name, to }
  },

  changes({ collection, to }) {
    const renamed = { ...refOf(collection), name: to }
    return [{ type: 'collection:renamed', collection: renamed, from: refOf(collection) }]
  },
}

function metadataOf({ metadata }: { readonly metadata?: Metadata }): { metadata?: Metadata } {
  return metadata === undefined ? {} : { metadata }
}

function notRenamed({ collection, to }: RenamePlan, why: string): Finding {
  return {
    kind: 'collection:not-renamed',
    severity: 'error',
    message: `"${collection.name}" is not properly renamed to "${to}": ${why}.`,
    collection: to,
  }
}
