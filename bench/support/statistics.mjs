/**
 * @typedef {object} Summary
 * @property {number} count
 * @property {number} median
 * @property {number} p10 a tenth of the samples is below
 * @property {number} p90
 * @property {number} min
 * @property {number} max
 */

/**
 * @param {readonly number[]} samples
 * @returns {Summary}
 */
export function summarize(samples) {
  if (samples.length === 0) throw new RangeError('a summary of no samples')
  const sorted = [...samples].sort((a, b) => a - b)
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    p10: quantile(sorted, 0.1),
    p90: quantile(sorted, 0.9),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
  }
}

/** @param {readonly number[]} samples */
export function median(samples) {
  return summarize(samples).median
}

/**
 * Between two samples, in proportion to how near they are.
 *
 * @param {readonly number[]} sorted
 * @param {number} fraction
 */
function quantile(sorted, fraction) {
  const position = fraction * (sorted.length - 1)
  const below = /** @type {number} */ (sorted[Math.floor(position)])
  const above = /** @type {number} */ (sorted[Math.ceil(position)])
  return below + (above - below) * (position - Math.floor(position))
}
