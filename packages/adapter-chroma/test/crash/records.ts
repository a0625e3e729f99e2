import type { Metadata, VectorRecord } from '@holdfast/core'
import type { SeededRandom } from '@holdfast/core/testing'

const DIMENSION = 12

/**
 * Records that differ in everything that a store could mix up: with and without text and metadata,
 * whole numbers and others, lists, ids and texts in Unicode.
 */
export function recordsOf(
  random: SeededRandom,
  count: number,
  label: string,
  first = 0,
): readonly VectorRecord[] {
  return Array.from({ length: count }, (_, offset) => {
    const index = first + offset
    const vector = Float32Array.from({ length: DIMENSION }, () => 2 * random.next() - 1)
    return {
      id: idOf(index),
      vector,
      ...(index % 5 === 4 ? {} : { metadata: metadataOf(random, label, index) }),
      ...(index % 3 === 2 ? {} : { text: `${label} № ${index}: ${'ä文 '.repeat(index % 7)}` }),
    }
  })
}

export function idOf(index: number): string {
  return index % 10 === 9 ? `Ünïque-文-${index}` : `record-${index}`
}

function metadataOf(random: SeededRandom, label: string, index: number): Metadata {
  return {
    label,
    index,
    // Chroma would change the last digits of a longer one.
    share: Math.round(random.next() * 1e6) / 1e6,
    even: index % 2 === 0,
    ...(index % 8 === 0 ? { tags: [label, `tag ${index}`] } : {}),
  }
}
