/** As many components as many small models have. */
const DIMENSION = 384
/** Components that one word touches: with several, two words hardly ever look alike. */
const COMPONENTS_PER_WORD = 4
const FILLER = new Set(
  'a an and as at by does for from in is it my of on the to why with'.split(' '),
)

/**
 * Stands in for a model: hashes the words of a text into a vector of length 1, so that texts with
 * words in common are close to each other. The same text always gives the same vector.
 *
 * @param {string} text
 * @returns {number[]}
 */
export function embed(text) {
  const vector = new Array(DIMENSION).fill(0)
  for (const word of wordsOf(text)) {
    for (let round = 0; round < COMPONENTS_PER_WORD; round++) {
      const hash = fnv1a(`${round}:${word}`)
      vector[hash % DIMENSION] += hash >>> 31 ? 1 : -1
    }
  }
  const length = Math.hypot(...vector)
  return vector.map((component) => component / length)
}

/** @param {string} text */
function wordsOf(text) {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  return words.filter((word) => !FILLER.has(word)).map((word) => word.replace(/s$/, ''))
}

/**
 * The 32-bit hash of Fowler, Noll and Vo, with the final mix of MurmurHash3 for its lower bits.
 *
 * @param {string} text
 */
function fnv1a(text) {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
