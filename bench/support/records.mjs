export const DIMENSION = 384
const BATCH_RECORDS = 1_000
/** Words per document: about 300 characters, a short paragraph. */
const WORDS = 45
const VOCABULARY = (
  'collection record vector backup journal rename delete verify commit store adapter client ' +
  'server page batch digest crash lease lock undo window finding repair restore'
).split(' ')

/**
 * Puts `size` records into an empty collection, all with a vector of `DIMENSION` components, a
 * short paragraph of text and three entries of metadata.
 *
 * @param {import('chromadb').Collection} collection
 * @param {number} size
 * @param {() => number} random
 */
export async function fillCollection(collection, size, random) {
  for (let start = 0; start < size; start += BATCH_RECORDS) {
    const numbers = Array.from(
      { length: Math.min(BATCH_RECORDS, size - start) },
      (_, i) => start + i,
    )
    await collection.add({
      ids: numbers.map((number) => `record-${String(number).padStart(7, '0')}`),
      embeddings: numbers.map(() => vector(random)),
      documents: numbers.map(() => text(random)),
      metadatas: numbers.map((number) => ({
        source: `documents/report-${number % 97}.md`,
        page: number % 40,
        score: random(),
      })),
    })
  }
}

/** Like an embedding: a unit vector of float32 without any structure. */
function vector(random) {
  // A sum of four is near enough to a normal distribution.
  const components = Array.from(
    { length: DIMENSION },
    () => random() + random() + random() + random() - 2,
  )
  const length = Math.hypot(...components)
  return components.map((component) => Math.fround(component / length))
}

function text(random) {
  return Array.from(
    { length: WORDS },
    () => VOCABULARY[Math.floor(random() * VOCABULARY.length)],
  ).join(' ')
}
