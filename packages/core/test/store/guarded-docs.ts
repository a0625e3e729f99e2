import { expect } from 'vitest'
import type { CollectionRef } from '../../src/model/collection.ts'
import { HoldfastError, type HoldfastErrorOptions } from '../../src/model/errors.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import { GuardedStore, type GuardedStoreOptions } from '../../src/store/guarded-store.ts'
import { MemoryStore, type MemoryStoreOptions } from '../../src/testing/memory-store.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { type Behavior, type UnrulyStore, unruly } from './unruly-store.ts'

export const spec = { name: 'docs', metric: 'cosine', dimension: 2 } as const

export interface Guarded {
  readonly guarded: GuardedStore
  readonly inner: UnrulyStore
  /** What is behind both. */
  readonly store: MemoryStore
}

/** A guarded store with an empty collection `docs`. */
export async function withDocs(
  options: MemoryStoreOptions = {},
  script: (method: string, call: number) => Behavior | undefined = () => 'proper',
  guardOptions: Partial<GuardedStoreOptions> = {},
): Promise<Guarded> {
  const store = new MemoryStore(options)
  await store.createCollection(spec)
  const inner = unruly(store, script)
  return { guarded: guard(inner.store, guardOptions), inner, store }
}

export function guard(
  store: MemoryStore,
  options: Partial<GuardedStoreOptions> = {},
): GuardedStore {
  const clock = new SimulatedClock({ selfAdvancing: true })
  return new GuardedStore(store, { clock, random: new SeededRandom(1), ...options })
}

export function recordsOf(count: number): VectorRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    vector: Float32Array.of(index + 1, 1),
  }))
}

export function renameOf(
  store: GuardedStore | MemoryStore,
): (change: {
  from: CollectionRef
  to: string
  metadata?: VectorRecord['metadata'] & object
}) => Promise<void> {
  if (store.renameCollection === undefined) throw new Error('no renameCollection')
  return store.renameCollection
}

export function refusal(code: HoldfastError['code']): HoldfastError {
  const options: HoldfastErrorOptions = { outcome: 'unchanged', retryable: false }
  return new HoldfastError(code, 'The store said no.', options)
}

export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('should have been rejected'),
    (reason: unknown) => reason,
  )
}

export function countOf(inner: UnrulyStore, method: string): number {
  return inner.calls.filter((called) => called === method).length
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets time go by until `promise` has settled, and tells what it came to. */
export async function pass<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  promise.then(settle, settle)
  while (!settled) await clock.advance(100)
  return promise
}
