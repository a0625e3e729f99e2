import type { MemoryStore } from '../../src/testing/memory-store.ts'

/** How one call of an {@link UnrulyStore} behaves. */
export type Behavior =
  /** As it should. */
  | 'proper'
  /** Happens, and never says so. */
  | 'mute after'
  /** Neither happens nor says anything, until `land` lets it happen. */
  | 'mute before'
  /** Throws without doing anything. */
  | { readonly refuses: unknown }
  /** Happens, and throws all the same. */
  | { readonly loses: unknown }
  /** Happens when `until` resolves. */
  | { readonly waitsFor: Promise<unknown> }

/**
 * The memory store behind a client without manners: it ignores its signal, keeps silent, or throws
 * whatever it likes. `script` says how each call of a method behaves, counted from 1.
 */
export interface UnrulyStore {
  readonly store: MemoryStore
  /** The methods that were called, in order. */
  readonly calls: string[]
  /** Lets what was held back happen now. */
  land(): Promise<void>
}

export function unruly(
  inner: MemoryStore,
  script: (method: string, call: number) => Behavior | undefined,
): UnrulyStore {
  const calls: string[] = []
  const held: (() => Promise<unknown>)[] = []

  const behave = async (method: string, run: () => Promise<unknown>): Promise<unknown> => {
    calls.push(method)
    const nth = calls.filter((called) => called === method).length
    const behavior = script(method, nth) ?? 'proper'
    if (behavior === 'proper') return run()
    if (behavior === 'mute before') {
      held.push(run)
      return new Promise(() => {})
    }
    if (behavior === 'mute after') {
      await run()
      return new Promise(() => {})
    }
    if ('refuses' in behavior) throw behavior.refuses
    if ('loses' in behavior) {
      await run()
      throw behavior.loses
    }
    await behavior.waitsFor
    return run()
  }

  async function* stream(method: string, source: AsyncIterable<unknown>): AsyncGenerator {
    const iterator = source[Symbol.asyncIterator]()
    try {
      while (true) {
        const step = (await behave(method, () => iterator.next())) as IteratorResult<unknown>
        if (step.done) return
        yield step.value
      }
    } finally {
      await iterator.return?.()
    }
  }

  const store = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'recordProblem') return value
      const method = String(name)
      // Signals are left behind: this client does not know them.
      const call = (...args: unknown[]): Promise<unknown> =>
        value.apply(target, args.map(withoutSignal)) as Promise<unknown>
      if (STREAMS.has(method)) {
        return (...args: unknown[]) => stream(method, call(...args) as never)
      }
      return (...args: unknown[]) => behave(method, () => call(...args))
    },
  })
  return {
    store,
    calls,
    async land() {
      for (const run of held.splice(0)) await run().catch(() => {})
    },
  }
}

const STREAMS: ReadonlySet<string> = new Set(['readRecords', 'readIds', 'listCollections'])

function withoutSignal(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('signal' in argument)) return argument
  const { signal: _, ...rest } = argument
  return rest
}
