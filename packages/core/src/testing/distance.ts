import type { Metric } from '../model/collection.ts'

/**
 * Distance between two vectors, smaller is nearer: cosine as `1 - cos`, dot as the negated product,
 * euclidean as the plain L2 norm of the difference. A vector of length zero has no direction; its
 * cosine distance is 1.
 */
export function distance(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0
  let squares = 0
  let lengthA = 0
  let lengthB = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    dot += x * y
    squares += (x - y) ** 2
    lengthA += x * x
    lengthB += y * y
  }
  if (metric === 'euclidean') return Math.sqrt(squares)
  if (metric === 'dot') return -dot
  return lengthA === 0 || lengthB === 0 ? 1 : 1 - dot / Math.sqrt(lengthA * lengthB)
}
