import { canonicalJson } from '../model/canonical-json.ts'
import type { CollectionInfo, CollectionSpec } from '../model/collection.ts'
import type { JsonValue } from '../model/record.ts'
import { sameSpec } from '../model/same-spec.ts'

/**
 * Whether an empty collection is what `createCollection(spec)` would have made. Stores add defaults
 * to settings, so every setting of the spec must be found, and others may be there.
 */
export function fitsSpec(found: CollectionInfo, spec: CollectionSpec): boolean {
  return (
    found.name === spec.name &&
    sameSpec({ ...found, settings: {} }, { ...spec, settings: {} }) &&
    includes(found.settings ?? {}, spec.settings ?? {})
  )
}

function includes(found: JsonValue | undefined, wanted: JsonValue): boolean {
  if (found === undefined) return false
  if (!isObject(wanted) || !isObject(found)) return canonicalJson(found) === canonicalJson(wanted)
  return Object.entries(wanted).every(([key, value]) => includes(found[key], value))
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
