import type { CollectionRef } from './collection.ts'
import type { Finding } from './finding.ts'

/** What every event carries. */
export interface EventBase {
  readonly operationId: string
  /** Which operation, such as `collection:delete`. */
  readonly kind: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface CollectionEvent extends EventBase {
  readonly collection: CollectionRef
}

/**
 * Events by name, each named `noun:past-participle`. They tell what is already durable and never
 * steer: nothing waits for a listener, and a listener that throws disturbs nothing.
 */
export interface HoldfastEvents {
  'operation:planned': EventBase
  'operation:checkpointed': EventBase & { readonly recordCount: number }
  'operation:executed': EventBase
  /** The point of no return has passed. */
  'operation:verified': EventBase & { readonly recordsChecked: number }
  'operation:committed': EventBase
  'operation:rolled-back': EventBase & { readonly reason: string }
  /** Could not be ended now; recovery tries again. */
  'operation:parked': EventBase & { readonly reason: string }
  'operation:abandoned': EventBase & { readonly reason: string }
  /** What a crash left open was ended: `outcome` says how. */
  'operation:recovered': EventBase & { readonly outcome: 'committed' | 'rolled-back' }
  'collection:created': CollectionEvent
  'collection:dropped': CollectionEvent & { readonly recordCount: number }
  'collection:renamed': CollectionEvent & { readonly from: CollectionRef }
  'records:put': CollectionEvent & { readonly recordCount: number }
  'records:deleted': CollectionEvent & { readonly recordCount: number }
  'finding:found': EventBase & { readonly finding: Finding }
  /** The records kept for taking an operation back are gone. */
  'checkpoint:dropped': EventBase
  /** Something left over could not be removed now; it is tried again. Nothing is wrong with the data. */
  'cleanup:failed': { readonly at: number; readonly what: string; readonly error: unknown }
}

export type EventName = keyof HoldfastEvents
