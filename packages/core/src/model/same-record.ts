import { canonicalJson } from './canonical-json.ts'
import type { JsonValue, VectorRecord } from './record.ts'

/**
 * How far two components may be apart in a store that normalizes vectors, relative to the longest
 * component. Chroma under cosine was measured at 2.4e-7; float32 itself has steps of 6e-8.
 */
export const VECTOR_TOLERANCE_NORMALIZED = 1e-6

/** The tolerance that a store's `vectorFidelity` asks for. */
export function vectorTolerance(fidelity: 'exact' | 'normalized'): number {
  return fidelity === 'exact' ? 0 : VECTOR_TOLERANCE_NORMALIZED
}

/** Whether two records are the same, their vectors compared within `tolerance`; 0 means to the bit. */
export function sameRecord(a: VectorRecord, b: VectorRecord, tolerance: number): boolean {
  return (
    a.id === b.id &&
    (a.text ?? null) === (b.text ?? null) &&
    canonicalJson(a.metadata ?? {}) === canonicalJson(b.metadata ?? {}) &&
    sameVector(a.vector, b.vector, tolerance)
  )
}

/**
 * Whether `now` is what a store may have made of `given`: the same text and vector, and all of its
 * metadata, with or without more. Chroma can bring metadata of dropped collections up in new
 * records until they are put right.
 */
export function madeOf(now: VectorRecord, given: VectorRecord, tolerance: number): boolean {
  const { metadata = {} } = now
  const kept = Object.keys(given.metadata ?? {}).filter((key) => Object.hasOwn(metadata, key))
  const part = Object.fromEntries(kept.map((key) => [key, metadata[key] as JsonValue]))
  return sameRecord({ ...now, metadata: part }, given, tolerance)
}

export function sameVector(a: Float32Array, b: Float32Array, tolerance: number): boolean {
  if (a.length !== b.length) return false
  let longest = 0
  if (tolerance > 0) for (const component of a) longest = Math.max(longest, Math.abs(component))
  const bound = tolerance * longest
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    if (tolerance === 0 ? !Object.is(x, y) : !(Math.abs(x - y) <= bound)) return false
  }
  return true
}
