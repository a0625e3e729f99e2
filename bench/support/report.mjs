import { loadNow } from './machine.mjs'
import { summarize } from './statistics.mjs'

/**
 * @typedef {{ readonly name: string, readonly unit: string } & import('./statistics.mjs').Summary} Result
 *
 * @typedef {object} Bar
 * @property {string} name
 * @property {number} value
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

/**
 * @param {string} name
 * @param {string} unit
 * @param {readonly number[]} samples
 * @returns {Result}
 */
export function result(name, unit, samples) {
  return { name, unit, ...summarize(samples) }
}

/**
 * @param {object} about
 * @param {import('../run.mjs').Measured} measured
 */
export function toReport({ machine, ...about }, { versions, results, ratios, bars }) {
  return {
    ...about,
    machine: { ...machine, loadAfter: loadNow() },
    versions,
    results: results.map((result) => mapNumbers(result, rounded)),
    ratios: mapNumbers(ratios, rounded),
    bars: bars.map((bar) => ({ ...mapNumbers(bar, rounded), ok: isReached(bar) })),
  }
}

/** @param {ReturnType<typeof toReport>} report */
export function printTable({ bench, seed, seconds, machine, versions, results, ratios, bars }) {
  console.log(`${bench}, seed ${seed}, ${seconds} s`)
  console.log(
    `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, ` +
      `Node ${machine.node}, load ${machine.loadBefore.join(' ')} before and ${machine.loadAfter} after`,
  )
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  )
  const numbers = ['median', 'p10', 'p90', 'min', 'max', 'count']
  printRows([
    ['', 'unit', ...numbers],
    ...results.map((row) => [row.name, row.unit, ...numbers.map((key) => String(row[key]))]),
  ])
  printRows(Object.entries(ratios).map(([name, ratio]) => [name, String(ratio)]))
  printRows(
    bars.map(({ name, value, atLeast, atMost, ok }) => [
      ok ? 'ok' : 'MISSED',
      name,
      String(value),
      atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`,
    ]),
  )
}

/** @param {Bar} bar */
function isReached({
  value,
  atLeast = Number.NEGATIVE_INFINITY,
  atMost = Number.POSITIVE_INFINITY,
}) {
  return value >= atLeast && value <= atMost
}

/** @param {readonly (readonly string[])[]} rows */
function printRows(rows) {
  const widths = []
  for (const row of rows) {
    for (const [column, text] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, text.length)
    }
  }
  console.log('')
  for (const row of rows) {
    console.log(
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
  }
}

/**
 * @template {object} Values
 * @param {Values} values
 * @param {(value: number) => number} change
 * @returns {Values}
 */
function mapNumbers(values, change) {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === 'number' ? change(value) : value,
    ]),
  )
}

/** Four digits are more than any of these figures is worth. */
function rounded(value) {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4))
}
