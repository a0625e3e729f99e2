import { DISPLAY_NAME_KEY, fitsRules, isHoldfastError } from '@holdfast/core'
import { ChromaNotFoundError, ChromaUniqueError } from 'chromadb'
import type { ChromaClientLike } from './chroma-client.ts'
import { Collections, type FindingClient } from './collections.ts'
import { findNamed } from './find-named.ts'
import { CHROMA_NAMES } from './names.ts'
import { isProtected, PROTECTED } from './protected.ts'
import { storeError } from './store-error.ts'

/** The part of a `ConsistencyManager` that `protect` uses. */
export interface ProtectingManager {
  readonly operations: {
    safeDeleteCollection(name: string): Promise<unknown>
    safeRenameCollection(names: {
      readonly from: { readonly name: string; readonly id: string }
      readonly to: string
    }): Promise<{ readonly to: string }>
  }
}

/** The part of a client that is used; whatever else it has stays as it is. */
export type ProtectableClient = FindingClient & Pick<ChromaClientLike, 'deleteCollection'>

/**
 * The same client, except that it deletes and renames collections through `manager`, so that an
 * existing backend needs no other change:
 *
 * - `client.deleteCollection({ name })` is `safeDeleteCollection(name)`: undone or done, and to be
 *   brought back while the manager keeps it;
 * - `collection.modify({ name })` is `safeRenameCollection`, of the very collection that the object
 *   stands for, also when somebody has renamed it meanwhile. Metadata and configuration of the same
 *   call follow as a second step, by the plain client;
 * - a name that Chroma itself refuses is kept in the metadata. `getCollection`, `getCollections` and
 *   `getOrCreateCollection` find the collection by it, and `modify({ metadata })` leaves it there.
 *
 * Collections are protected however they were come by: got, listed, created, forked. The result is
 * of the same type, and of the same class to `instanceof`. `reset()` and an `AdminClient` pass by.
 *
 * A collection that is not there or a name that is taken rejects with the client's own
 * `ChromaNotFoundError` or `ChromaUniqueError`, with Holdfast's error as its `cause`. Everything else
 * that goes wrong in an operation rejects with the `HoldfastError`.
 *
 * @throws TypeError when `client` is a protected one already
 */
export function protect<Client extends ProtectableClient>(
  client: Client,
  manager: ProtectingManager,
): Client {
  if (isProtected(client)) throw new TypeError('protect() takes the plain client, once.')
  return new Protection(client, manager).client as Client
}

/** What is common to a client and the collections that come out of it. */
interface CollectionLike {
  readonly id: string
  name: string
  metadata?: object | undefined
  modify(args: ModifyArguments): Promise<unknown>
}

interface Named {
  readonly name: string
}

interface ModifyArguments {
  readonly name?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly configuration?: object
}

type Method = (...values: unknown[]) => unknown
/** What takes the place of a method, given the one that there was. */
type Methods = Readonly<Record<string, (plain: Method) => Method>>

class Protection {
  readonly client: ProtectableClient
  readonly #plain: ProtectableClient
  readonly #finder: Collections
  readonly #manager: ProtectingManager
  /** One protected object per plain one, so that equal stays equal. */
  readonly #collections = new WeakMap<object, object>()

  constructor(plain: ProtectableClient, manager: ProtectingManager) {
    this.#plain = plain
    this.#finder = new Collections(plain)
    this.#manager = manager
    const get = (getPlain: Method): Method => {
      return (args) => this.#get(getPlain, args as Named)
    }
    this.client = this.#proxy(plain, {
      deleteCollection: () => (args) => this.#delete(args as Named),
      getCollection: get,
      getOrCreateCollection: get,
      getCollections: () => (items) => this.#getAll(items as readonly (string | Named)[]),
    })
  }

  /** Runs each method with the real object as `this`: private fields know no other. */
  #proxy<Target extends object>(target: Target, changed: Methods): Target {
    const methods = new Map<PropertyKey, { readonly plain: unknown; readonly used: Method }>()
    return new Proxy(target, {
      get: (_, key) => {
        if (key === PROTECTED) return true
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function' || key === 'constructor') return value
        const known = methods.get(key)
        if (known?.plain === value) return known.used
        const plain: Method = (...values) => this.#shield(Reflect.apply(value, target, values))
        const change =
          typeof key === 'string' && Object.hasOwn(changed, key) ? changed[key] : undefined
        const used = change?.(plain) ?? plain
        methods.set(key, { plain: value, used })
        return used
      },
      set: (_, key, value) => Reflect.set(target, key, value, target),
    })
  }

  /** Collections are known by what they can do, in whatever a method of the client returns. */
  #shield(value: unknown): unknown {
    if (isPromise(value)) return value.then((result) => this.#shield(result))
    if (Array.isArray(value) && value.some(isCollection)) {
      return value.map((item) => this.#shield(item))
    }
    return isCollection(value) ? this.#protectCollection(value) : value
  }

  #protectCollection(plain: CollectionLike): object {
    const known = this.#collections.get(plain)
    if (known !== undefined) return known
    const shielded = this.#proxy(plain, {
      modify: () => (args) => this.#modify(plain, args as ModifyArguments),
    })
    this.#collections.set(plain, shielded)
    return shielded
  }

  async #delete({ name }: Named): Promise<void> {
    await translated(() => this.#manager.operations.safeDeleteCollection(name))
  }

  /** Chroma's own answer, unless there is none since it can't take the name. */
  async #get(getPlain: Method, args: Named): Promise<unknown> {
    try {
      return await getPlain(args)
    } catch (error) {
      const name = String(args.name)
      if (fitsRules(name, CHROMA_NAMES) || !saysNone(error)) throw error
      const found = await findNamed(this.#finder, name)
      if (found === undefined) throw error
      return this.#shield(await this.#plain.getCollection({ ...args, name: found.name }))
    }
  }

  async #getAll(items: readonly (string | Named)[]): Promise<unknown> {
    const get = (args: Named): Promise<unknown> => this.client.getCollection(args)
    return Promise.all(items.map((item) => get(typeof item === 'string' ? { name: item } : item)))
  }

  async #modify(plain: CollectionLike, args: ModifyArguments): Promise<unknown> {
    const { name, ...rest } = args
    // The handle that `client.collection(id)` returns has no name, and refuses to be modified.
    const isRefused = plain.name === '' || name === ''
    if (isRefused || !(name || rest.metadata)) return plain.modify(args)
    if (name) plain.name = await translated(() => this.#rename(plain, name))
    const displayName = await this.#refreshMetadata(plain, rest.metadata !== undefined)
    if (Object.values(rest).every((value) => value === undefined)) return undefined
    const metadata = rest.metadata && { ...displayName, ...rest.metadata }
    return plain.modify({ ...rest, ...(metadata && { metadata }) })
  }

  /** The name that the store gave it: another one where Chroma can't take what was asked for. */
  async #rename({ id, name }: CollectionLike, to: string): Promise<string> {
    try {
      const from = { name, id }
      return (await this.#manager.operations.safeRenameCollection({ from, to })).to
    } catch (error) {
      // To Chroma, the name that a collection has already is no error.
      const taken = isHoldfastError(error) && error.code === 'COLLECTION_EXISTS'
      const holder = taken ? await findNamed(this.#finder, to).catch(() => undefined) : undefined
      if (holder?.id === id) return holder.name
      throw error
    }
  }

  /**
   * A name that Chroma can't take is kept in the metadata, which the object may not know of. A change
   * of the metadata replaces all of it, so the display name has to go along. When there is none, what
   * is done is done: that it can't be looked at any more is no failure.
   */
  async #refreshMetadata(
    plain: CollectionLike,
    isChanging: boolean,
  ): Promise<Readonly<Record<string, unknown>>> {
    const fresh = await this.#finder.find(plain).catch((error: unknown) => {
      if (isChanging) throw error
      return undefined
    })
    if (fresh === undefined) return {}
    plain.metadata = fresh.metadata
    const { [DISPLAY_NAME_KEY]: displayName } = { ...fresh.metadata } as Record<string, unknown>
    return displayName === undefined ? {} : { [DISPLAY_NAME_KEY]: displayName }
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function'
}

function isCollection(value: unknown): value is CollectionLike {
  if (typeof value !== 'object' || value === null) return false
  const { id, modify } = value as { readonly id?: unknown; readonly modify?: unknown }
  return typeof id === 'string' && typeof modify === 'function'
}

/** Whether Chroma knows no such collection, or takes no such name. */
function saysNone(error: unknown): boolean {
  const { code } = storeError({ method: 'getCollection', kind: 'read' }, error)
  return code === 'COLLECTION_NOT_FOUND' || code === 'COLLECTION_NAME_INVALID'
}

/** Rejects as the client would, where a backend may be waiting for that. */
async function translated<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    if (error.code === 'COLLECTION_NOT_FOUND') {
      throw new ChromaNotFoundError('The requested resource could not be found', error)
    }
    if (error.code === 'COLLECTION_EXISTS') {
      throw new ChromaUniqueError('The resource already exists', error)
    }
    throw error
  }
}
