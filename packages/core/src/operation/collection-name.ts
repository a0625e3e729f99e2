import type { CollectionInfo, CollectionRef } from '../model/collection.ts'
import { DISPLAY_NAME_KEY, displayNameOf, storeNameOf } from '../model/display-name.ts'
import { HoldfastError } from '../model/errors.ts'
import type { Metadata } from '../model/record.ts'
import type { CallOptions, StoreTraits, VectorStoreAdapter } from '../store/adapter.ts'

/** A collection by what a person or the store calls it; with an id, that very collection. */
export type CollectionName = string | CollectionRef

/** The part of a store that it takes to find a collection. */
export interface CollectionFinder
  extends Pick<VectorStoreAdapter, 'getCollection' | 'listCollections'> {
  readonly traits: Pick<StoreTraits, 'names'>
}

/** A collection that was found before its lease was taken; `plan` makes sure that it is still there. */
export interface NamedCollection {
  /** As the store has it. */
  readonly name: string
  /** As the caller has it, for messages. */
  readonly asked: string
  readonly id?: string
  /** Set when it was found by its display name. */
  readonly displayName?: string
}

/**
 * Finds a collection by either name. A store name wins over a display name of another collection.
 * @throws COLLECTION_NOT_FOUND, COLLECTION_NAME_AMBIGUOUS, COLLECTION_NAME_INVALID
 */
export async function resolveCollection(
  store: CollectionFinder,
  name: CollectionName,
  options: CallOptions,
): Promise<NamedCollection> {
  if (typeof name !== 'string') return await resolveRef(store, name, options)
  const storeName = storeNameOf(name, store.traits.names)
  const found = await store.getCollection({ name: storeName }, options)
  if (found !== undefined && (storeName === name || sameName(displayNameOf(found), name))) {
    return named(found, name)
  }
  // A name that the store can take is the store's. To take it for a display name as well would let
  // a repeated delete hit a copy that carries the metadata of what is gone.
  if (storeName === name) throw notFound(name)
  const matches = await withDisplayName(store, name, options)
  if (matches.length > 1) throw ambiguous(name, matches)
  const match = matches[0]
  if (match === undefined) throw notFound(name)
  return named(match, name)
}

async function resolveRef(
  store: CollectionFinder,
  ref: CollectionRef,
  options: CallOptions,
): Promise<NamedCollection> {
  const found = await store.getCollection(ref, options)
  if (found === undefined) throw notFound(ref.name)
  const id = ref.id === undefined ? {} : { id: ref.id }
  return { name: found.name, asked: ref.name, ...id }
}

/** Under the lease: the collection that was resolved, as it is now. @throws COLLECTION_NOT_FOUND */
export async function getResolved(
  store: VectorStoreAdapter,
  named: NamedCollection,
  options: CallOptions,
): Promise<CollectionInfo> {
  const found = await store.getCollection({ name: named.name }, options)
  const isStillIt =
    found !== undefined &&
    (named.id === undefined || found.id === named.id) &&
    (named.displayName === undefined || sameName(displayNameOf(found), named.displayName))
  if (!isStillIt) throw notFound(named.asked)
  return found
}

/** The name that a collection is to get, and what that means for its metadata. */
export interface TargetName {
  readonly name: string
  /** The metadata of the collection under its new name; absent when nothing changes. */
  readonly metadata?: Metadata
}

/**
 * Makes sure that nobody is called `to` yet, and works out how the store has to be told.
 * @throws COLLECTION_EXISTS, COLLECTION_NAME_INVALID
 */
export async function planTargetName(
  store: VectorStoreAdapter,
  source: CollectionInfo,
  to: string,
  options: CallOptions,
): Promise<TargetName> {
  const name = storeNameOf(to, store.traits.names)
  const taken = await store.getCollection({ name }, options)
  if (taken?.name === source.name) throw alreadyCalled(to, taken)
  if (taken !== undefined) throw exists(to, taken)
  if (name !== to) {
    const [other] = (await withDisplayName(store, to, options)).filter(
      (collection) => collection.name !== source.name,
    )
    if (other !== undefined) throw exists(to, other)
  }
  const hadDisplayName = source.metadata?.[DISPLAY_NAME_KEY] !== undefined
  if (name === to && !hadDisplayName) return { name }
  return { name, metadata: { ...source.metadata, [DISPLAY_NAME_KEY]: to } }
}

/**
 * Makes sure that a collection can come back under the name that it had.
 * @throws COLLECTION_EXISTS
 */
export async function planOriginalName(
  store: VectorStoreAdapter,
  collection: CollectionInfo,
  options: CallOptions,
): Promise<TargetName> {
  const taken = await store.getCollection({ name: collection.name }, options)
  if (taken !== undefined) throw exists(collection.name, taken, 'Give another name by `as`')
  const displayName = displayNameOf(collection)
  if (storeNameOf(displayName, store.traits.names) !== displayName) {
    const [other] = await withDisplayName(store, displayName, options)
    if (other !== undefined) throw exists(displayName, other, 'Give another name by `as`')
  }
  return { name: collection.name }
}

/** The store name on which to hold a lease for a collection that is to be called `to`. */
export function targetResource(store: VectorStoreAdapter, to: string): string {
  return collectionResource(storeNameOf(to, store.traits.names))
}

export function collectionResource(storeName: string): string {
  return `collection:${storeName}`
}

async function withDisplayName(
  store: CollectionFinder,
  displayName: string,
  options: CallOptions,
): Promise<readonly CollectionInfo[]> {
  const matches: CollectionInfo[] = []
  for await (const collection of store.listCollections(options)) {
    if (collection.metadata?.[DISPLAY_NAME_KEY] === undefined) continue
    if (sameName(displayNameOf(collection), displayName)) matches.push(collection)
  }
  return matches
}

function named(found: CollectionInfo, asked: string): NamedCollection {
  const displayName = found.name === asked ? {} : { displayName: asked }
  return { name: found.name, asked, ...displayName }
}

function sameName(a: string, b: string): boolean {
  return a.normalize('NFC') === b.normalize('NFC')
}

function notFound(name: string): HoldfastError {
  return new HoldfastError(
    'COLLECTION_NOT_FOUND',
    `There is no collection called ${JSON.stringify(name)}. Look at \`listCollections\` for the ` +
      'names that there are.',
    { outcome: 'unchanged', retryable: false, details: { name } },
  )
}

function alreadyCalled(name: string, { name: storeName }: CollectionInfo): HoldfastError {
  return new HoldfastError(
    'COLLECTION_EXISTS',
    `The collection itself is called ${JSON.stringify(name)} already. Choose another name.`,
    { outcome: 'unchanged', retryable: false, details: { name, storeName } },
  )
}

function exists(
  name: string,
  taken: CollectionInfo,
  advice = 'Choose another name',
): HoldfastError {
  return new HoldfastError(
    'COLLECTION_EXISTS',
    `There is already a collection called ${JSON.stringify(name)}` +
      `${taken.name === name ? '' : ` (the store calls it ${JSON.stringify(taken.name)})`}. ` +
      `${advice}, or delete or rename that one first.`,
    { outcome: 'unchanged', retryable: false, details: { name, storeName: taken.name } },
  )
}

function ambiguous(name: string, matches: readonly CollectionInfo[]): HoldfastError {
  const names = matches.map((match) => match.name)
  return new HoldfastError(
    'COLLECTION_NAME_AMBIGUOUS',
    `Several collections are called ${JSON.stringify(name)}: ${names.join(', ')}. ` +
      'Use one of these store names.',
    { outcome: 'unchanged', retryable: false, details: { name, storeNames: names } },
  )
}
