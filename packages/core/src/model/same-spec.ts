import { canonicalJson } from './canonical-json.ts'
import type { CollectionSpec } from './collection.ts'

/**
 * Whether two collections behave the same, whatever they are called. A dimension that one of them
 * has not fixed yet is no difference.
 */
export function sameSpec(a: CollectionSpec, b: CollectionSpec): boolean {
  return (
    a.metric === b.metric &&
    (a.dimension === undefined || b.dimension === undefined || a.dimension === b.dimension) &&
    canonicalJson(a.metadata ?? {}) === canonicalJson(b.metadata ?? {}) &&
    canonicalJson(a.settings ?? {}) === canonicalJson(b.settings ?? {})
  )
}

/** The part of a collection's description that makes another one like it. */
export function specOf(collection: CollectionSpec): CollectionSpec {
  const { name, metric, dimension, metadata, settings } = collection
  return {
    name,
    metric,
    ...(dimension === undefined ? {} : { dimension }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(settings === undefined ? {} : { settings }),
  }
}
