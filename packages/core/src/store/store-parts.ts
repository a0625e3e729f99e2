import type { Clock } from '../durable/clock.ts'
import type { VectorStoreAdapter } from './adapter.ts'
import type { StoreCalls } from './store-calls.ts'

/** What the effects that need more than one call work with. */
export interface StoreParts {
  readonly adapter: VectorStoreAdapter
  readonly calls: StoreCalls
  readonly clock: Clock
}
