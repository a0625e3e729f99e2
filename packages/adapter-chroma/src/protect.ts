import { DISPLAY_NAME_KEY, isHoldfastError } from '@holdfast/core'
import { ChromaNotFoundError, ChromaUniqueError } from 'chromadb'
import { isProtected, PROTECTED } from './protected.ts'

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

/** The part of a client that is changed; whatever else it has stays as it is. */
export interface ProtectableClient {
  deleteCollection(args: { name: string }): Promise<unknown>
  getCollection(args: { name: string }): Promise<object>
}

/**
 * The same client, except that it deletes and renames collections through `manager`, so that an
 * existing backend needs no other change:
 *
 * - `client.deleteCollection({ name })` is `safeDeleteCollection(name)`: undone or done, and to be
 *   brought back while the manager keeps it;
 * - `collection.modify({ name })` is `safeRenameCollection`, of the very collection that the object
 *   stands for, also when somebody has renamed it meanwhile. Metadata and configuration of the same
 *   call follow as a second step, by the plain client.
 *
 * Collections are protected however they were come by: got, listed, created, forked. The result is
 * of the same type, and of the same class to `instanceof`. `reset()` and an `AdminClient` pass by.
 *
 * A collection that is not there or a name that is taken rejects with the client's own
 * `ChromaNotFoundError` or `ChromaUniqueError`, with Holdfast's error as its `cause`, so that what
 * catches these today goes on to do so. Everything else rejects with the `HoldfastError`.
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

interface ModifyArguments {
  readonly name?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly configuration?: object
}

type Method = (...values: unknown[]) => unknown
type Methods = Readonly<Record<string, Method>>

class Protection {
  readonly client: object
  readonly #plain: ProtectableClient
  readonly #manager: ProtectingManager
  /** One protected object per plain one, so that equal stays equal. */
  readonly #collections = new WeakMap<object, object>()

  constructor(plain: ProtectableClient, manager: ProtectingManager) {
    this.#plain = plain
    this.#manager = manager
    this.client = this.#proxy(plain, {
      deleteCollection: (args) => this.#delete(args as { name: string }),
    })
  }

  /** Runs each method with the real object as `this`: private fields know no other. */
  #proxy(target: object, changed: Methods): object {
    const methods = new Map<PropertyKey, { readonly plain: unknown; readonly used: Method }>()
    return new Proxy(target, {
      get: (_, key) => {
        if (key === PROTECTED) return true
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function' || key === 'constructor') return value
        const known = methods.get(key)
        if (known?.plain === value) return known.used
        const own =
          typeof key === 'string' && Object.hasOwn(changed, key) ? changed[key] : undefined
        const used: Method =
          own ?? ((...values) => this.#shield(Reflect.apply(value, target, values)))
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
      modify: (args) => this.#modify(plain, args as ModifyArguments),
    })
    this.#collections.set(plain, shielded)
    return shielded
  }

  async #delete({ name }: { readonly name: string }): Promise<void> {
    await translated(() => this.#manager.operations.safeDeleteCollection(name))
  }

  async #modify(plain: CollectionLike, args: ModifyArguments): Promise<unknown> {
    const { name, ...rest } = args
    // The handle that `client.collection(id)` returns has no name, and refuses to be modified.
    if (!name || plain.name === '') return plain.modify(args)
    plain.name = await translated(() => this.#rename(plain, name))
    const displayName = await this.#refreshMetadata(plain)
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
      if (taken && (await this.#look(to))?.id === id) return to
      throw error
    }
  }

  /**
   * A name that Chroma can't take is kept in the metadata, which the object would not know of. The
   * next change of the metadata replaces all of it, so the display name has to go along.
   */
  async #refreshMetadata(plain: CollectionLike): Promise<Readonly<Record<string, unknown>>> {
    const fresh = await this.#look(plain.name)
    if (fresh?.id !== plain.id) return {}
    plain.metadata = fresh.metadata
    const { [DISPLAY_NAME_KEY]: displayName } = { ...fresh.metadata } as Record<string, unknown>
    return displayName === undefined ? {} : { [DISPLAY_NAME_KEY]: displayName }
  }

  /** What is done is done: that it can't be looked at any more is no failure. */
  async #look(name: string): Promise<CollectionLike | undefined> {
    const found = await this.#plain.getCollection({ name }).catch(() => undefined)
    return isCollection(found) ? found : undefined
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
