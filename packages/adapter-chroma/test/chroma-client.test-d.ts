import { type ConsistencyManager, openConsistencyManager } from '@holdfast/core'
import type { ChromaClient, CloudClient, Collection } from 'chromadb'
import {
  ChromaAdapter,
  type ChromaClientLike,
  type ChromaCollection,
  type ProtectingManager,
  protect,
} from '../src/index.ts'

// The client's own types fit, without a cast, also under `exactOptionalPropertyTypes`.
export const client = (real: ChromaClient): ChromaClientLike => real
export const cloudClient = (real: CloudClient): ChromaClientLike => real
export const collection = (real: Collection): ChromaCollection => real
export const manager = (real: ConsistencyManager): ProtectingManager => real

// The three lines of a host.
export async function open(real: ChromaClient, directory: string): Promise<ChromaClient> {
  const store = new ChromaAdapter({ client: real })
  const opened = await openConsistencyManager({ store, directory })
  return protect(real, opened)
}

// What comes out is what went in.
export const sameType = (real: CloudClient, by: ProtectingManager): CloudClient => protect(real, by)

// @ts-expect-error a store needs a client
export const impossible: ChromaAdapter = new ChromaAdapter({})
