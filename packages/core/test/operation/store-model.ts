import { DISPLAY_NAME_KEY, storeNameOf } from '../../src/model/display-name.ts'
import type { ErrorCode } from '../../src/model/errors.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import type {
  MemoryCollectionSnapshot,
  MemoryStoreSnapshot,
} from '../../src/testing/memory-store-data.ts'
import type { StoreKind } from './world.ts'

/** What a caller asks for. */
export type Call = Change & { readonly key?: string; readonly dryRun?: boolean }

export type Change =
  | { readonly verb: 'rename' | 'clone'; readonly from: string; readonly to: string }
  | { readonly verb: 'delete'; readonly name: string; readonly keepForMs: number }
  | {
      readonly verb: 'put'
      readonly name: string
      readonly ids: readonly string[]
      readonly label: number
    }
  | {
      readonly verb: 'delete records'
      readonly name: string
      readonly ids: readonly string[]
      readonly keepForMs: number
    }
  | { readonly verb: 'undelete'; readonly deleted: string; readonly as?: string }

interface ModelCollection {
  /** Stays the same through native renames, as the id in a store does. */
  readonly identity: number
  readonly snapshot: MemoryCollectionSnapshot
}

interface Deleted {
  readonly name: string
  readonly collection: ModelCollection
  readonly kind: 'collection' | 'records'
}

type Records = MemoryCollectionSnapshot['records']

const RULES = new MemoryStore().traits.names

/** The records of a put, by which label and ids decide. */
export function recordsOf(ids: readonly string[], label: number): readonly VectorRecord[] {
  return ids.map((id) => ({
    id,
    vector: Float32Array.from([1 + label, id.length - 2, 0.5]),
    metadata: { label },
    text: `${label} of ${id}`,
  }))
}

/** What a store holds after operations that each happen at once and as a whole. */
export class StoreModel {
  readonly #kind: StoreKind
  /** By the name that the store has for it. */
  readonly #collections = new Map<string, ModelCollection>()
  /** What deletes have taken, by the id of the operation. */
  readonly #deleted = new Map<string, Deleted>()
  #identities = 0

  constructor(kind: StoreKind) {
    this.#kind = kind
  }

  snapshot(): MemoryStoreSnapshot {
    return Object.fromEntries(
      [...this.#collections].map(([name, { snapshot }]) => [name, snapshot]),
    )
  }

  /** What the collections that are there may be called. */
  spellings(): readonly string[] {
    return [...this.#collections].flatMap(([name, { snapshot }]) => {
      const displayName = displayNameOf(name, snapshot)
      return displayName === name ? [name] : [displayName, name]
    })
  }

  has(name: string): boolean {
    return this.#resolve(name) !== undefined
  }

  /** What somebody makes outside of Holdfast. */
  create(name: string, snapshot: MemoryCollectionSnapshot): void {
    this.#collections.set(name, { identity: ++this.#identities, snapshot })
  }

  /** Why the call is refused; `undefined` when it isn't. */
  refusal(call: Change): ErrorCode | undefined {
    const effect = this.#effectOf(call, '')
    return typeof effect === 'string' ? effect : undefined
  }

  /** Does it, or says why it can't be done. */
  apply(call: Change, operationId: string): ErrorCode | undefined {
    const effect = this.#effectOf(call, operationId)
    if (typeof effect === 'string') return effect
    effect()
    return undefined
  }

  #effectOf(call: Change, operationId: string): ErrorCode | (() => void) {
    if (call.verb === 'undelete') return this.#undelete(call)
    const name = this.#resolve('from' in call ? call.from : call.name)
    if (name === undefined) return 'COLLECTION_NOT_FOUND'
    const collection = this.#collections.get(name) as ModelCollection
    const { identity, snapshot } = collection
    switch (call.verb) {
      case 'rename':
      case 'clone': {
        const target = this.#target(snapshot, call.to)
        if (target === undefined) return 'COLLECTION_EXISTS'
        return () => {
          const stays = call.verb === 'rename' && this.#kind.rename
          if (call.verb === 'rename') this.#collections.delete(name)
          this.#collections.set(target.name, {
            identity: stays ? identity : ++this.#identities,
            snapshot: target.snapshot,
          })
        }
      }
      case 'delete':
        return () => {
          this.#collections.delete(name)
          this.#deleted.set(operationId, { name, collection, kind: 'collection' })
        }
      case 'put':
        return () => this.#setRecords(name, { ...snapshot.records, ...put(call.ids, call.label) })
      case 'delete records':
        return () => {
          const isTaken = ([id]: [string, unknown]): boolean => call.ids.includes(id)
          const entries = Object.entries(snapshot.records)
          const taken = Object.fromEntries(entries.filter(isTaken))
          this.#setRecords(name, Object.fromEntries(entries.filter((entry) => !isTaken(entry))))
          const deleted = { identity, snapshot: { ...snapshot, records: taken } }
          this.#deleted.set(operationId, { name, collection: deleted, kind: 'records' })
        }
    }
  }

  #undelete({ deleted, as }: Change & { readonly verb: 'undelete' }): ErrorCode | (() => void) {
    const found = this.#deleted.get(deleted)
    if (found === undefined) return 'UNDELETE_UNAVAILABLE'
    const { name, collection, kind } = found
    const { identity, snapshot } = collection
    if (kind === 'records') {
      // Where they were, under whatever name; or else in what has come back under the old one.
      const same = [...this.#collections].find(([, other]) => other.identity === identity)
      const home = (this.#kind.identity === 'id' && same?.[0]) || name
      if (!this.#collections.has(home)) return 'COLLECTION_NOT_FOUND'
      const now = this.#collections.get(home) as ModelCollection
      return () => this.#setRecords(home, { ...snapshot.records, ...now.snapshot.records })
    }
    const target =
      as === undefined
        ? this.#isTaken(name) || this.#isTaken(displayNameOf(name, snapshot))
          ? undefined
          : { name, snapshot }
        : this.#target(snapshot, as)
    if (target === undefined) return 'COLLECTION_EXISTS'
    return () => this.create(target.name, target.snapshot)
  }

  #setRecords(name: string, records: Records): void {
    const { identity, snapshot } = this.#collections.get(name) as ModelCollection
    this.#collections.set(name, { identity, snapshot: { ...snapshot, records } })
  }

  /** The store's name of the collection that somebody calls so. */
  #resolve(asked: string): string | undefined {
    if (this.#collections.has(asked)) return asked
    for (const [name, { snapshot }] of this.#collections) {
      if (displayNameOf(name, snapshot).normalize('NFC') === asked.normalize('NFC')) return name
    }
    return undefined
  }

  #isTaken(name: string): boolean {
    return this.#resolve(name) !== undefined
  }

  /** The collection under its new name; `undefined` when somebody is called so. */
  #target(
    snapshot: MemoryCollectionSnapshot,
    to: string,
  ): { readonly name: string; readonly snapshot: MemoryCollectionSnapshot } | undefined {
    const name = storeNameOf(to, RULES)
    if (this.#isTaken(name) || this.#isTaken(to)) return undefined
    const metadata =
      name === to && snapshot.metadata[DISPLAY_NAME_KEY] === undefined
        ? snapshot.metadata
        : { ...snapshot.metadata, [DISPLAY_NAME_KEY]: to }
    return { name, snapshot: { ...snapshot, metadata } }
  }
}

function displayNameOf(name: string, { metadata }: MemoryCollectionSnapshot): string {
  return (metadata[DISPLAY_NAME_KEY] as string | undefined) ?? name
}

function put(ids: readonly string[], label: number): Records {
  return Object.fromEntries(
    recordsOf(ids, label).map(({ id, vector, metadata = {}, text = '' }) => [
      id,
      { vector: [...vector], metadata, text },
    ]),
  )
}
