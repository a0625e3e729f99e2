import type { CollectionRef } from '../model/collection.ts'
import type { VectorRecord } from '../model/record.ts'
import type { CallOptions, VectorStoreAdapter } from '../store/adapter.ts'
import { compareBatch } from './compare-records.ts'

/** Puts every record that comes into `to`. Memory: one batch. */
export async function copyRecords(
  store: VectorStoreAdapter,
  from: AsyncIterable<readonly VectorRecord[]>,
  to: CollectionRef,
  options: CallOptions,
): Promise<void> {
  for await (const batch of from) await store.putRecords(to, batch, options)
}

/** Puts those records that are missing from `to` or differ there. Memory: one batch. */
export async function copyDifference(
  store: VectorStoreAdapter,
  from: AsyncIterable<readonly VectorRecord[]>,
  to: CollectionRef,
  options: CallOptions,
): Promise<void> {
  for await (const batch of from) {
    const { missing, different } = await compareBatch(store, to, batch, options)
    const wrong = [...missing, ...different]
    if (wrong.length > 0) await store.putRecords(to, wrong, options)
  }
}

/** Puts those records that are missing from `to`, and leaves alone what it has. Memory: one batch. */
export async function copyMissing(
  store: VectorStoreAdapter,
  from: AsyncIterable<readonly VectorRecord[]>,
  to: CollectionRef,
  options: CallOptions,
): Promise<void> {
  for await (const batch of from) {
    const { missing } = await compareBatch(store, to, batch, options)
    if (missing.length > 0) await store.putRecords(to, missing, options)
  }
}
