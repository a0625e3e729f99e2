import type { CollectionInfo, CollectionRef } from '../model/collection.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Looks for a collection in order to learn what an unanswered effect did. Waits until a finished
 * write would be seen. As long as the look itself fails, that outcome stays unknown.
 */
export async function probeCollection(
  { adapter, calls, clock }: StoreParts,
  ref: CollectionRef,
): Promise<CollectionInfo | undefined> {
  const { visibilityLagMsMax } = adapter.traits
  if (visibilityLagMsMax > 0) await clock.sleep(visibilityLagMsMax)
  return calls.once('getCollection', 'probe', (signal) => adapter.getCollection(ref, { signal }))
}
