/**
 * Numbers from 0 up to 1 that depend on the seed alone (mulberry32).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function seededRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A copy in another order (Fisher and Yates).
 *
 * @template Item
 * @param {readonly Item[]} items
 * @param {() => number} random
 * @returns {Item[]}
 */
export function shuffled(items, random) {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = /** @type {Item} */ (copy[last])
    copy[last] = /** @type {Item} */ (copy[other])
    copy[other] = item
  }
  return copy
}
