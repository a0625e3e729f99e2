// Chroma reads JSON with serde_json as it comes (without its feature `float_roundtrip`): about one
// in ten numbers with 16 or 17 significant digits comes out as its neighbor. Record metadata goes
// through that twice, the metadata of a collection once. This file predicts it, so that a number
// which would change is either sent as the neighbor that Chroma reads as the wanted one, or refused
// before anything is written. Compared with a real server for 30,000 numbers: no difference.

/** How often Chroma parses the number: `record` metadata twice, `collection` metadata once. */
export type NumberPlace = 'record' | 'collection'

/** Neighbors that are tried, nearest first, in units in the last place. */
const STEPS = [1, -1, 2, -2, 3, -3, 4, -4]

/** Whole numbers below this are kept as 64-bit integers, to the last digit. */
const INTEGER_BOUND = 2 ** 63
/** Whole numbers below this are read exactly, though kept as floats from `INTEGER_BOUND` on. */
const UNSIGNED_BOUND = 2 ** 64
/** Powers of ten that serde_json has in its table. */
const POWER_MAX = 308

/**
 * The number to send so that Chroma keeps exactly `value`; `undefined` when there is none.
 * `float` says that it is an element of a list which holds floats, where whole numbers are floats
 * too.
 */
export function numberToSend(
  value: number,
  place: NumberPlace,
  { float = false }: { readonly float?: boolean } = {},
): number | undefined {
  if (!Number.isFinite(value)) return undefined
  if (storedNumber(value, place, float) === value) return value
  for (const step of STEPS) {
    const sent = neighbor(value, step)
    if (Number.isFinite(sent) && storedNumber(sent, place, float) === value) return sent
  }
  return undefined
}

/**
 * Whether Chroma keeps this number as a 64-bit integer rather than a float. Not the lowest of these:
 * in JSON it is -9223372036854776000, which is a little below.
 */
export function isKeptAsInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < INTEGER_BOUND
}

/** What Chroma makes of `value`. */
function storedNumber(value: number, place: NumberPlace, float: boolean): number {
  if (!float && isKeptAsInteger(value)) return value
  const read = parseAsSent(value)
  return place === 'collection' ? read : parseAsLogged(read)
}

/** Reads the text that `JSON.stringify` gives. */
function parseAsSent(value: number): number {
  const magnitude = Math.abs(value)
  if (Number.isInteger(value) && magnitude < UNSIGNED_BOUND) return value
  const { digits, exponent } = decimalOf(magnitude)
  const written =
    Number.isInteger(value) && magnitude < 1e21
      ? parseLongInteger(digits + '0'.repeat(exponent))
      : parseParts(digits, exponent)
  return value < 0 ? -written : written
}

/** Reads the text that Rust gives: whole numbers below 1e16 end in `.0` there. */
function parseAsLogged(value: number): number {
  const { digits, exponent } = decimalOf(Math.abs(value))
  const whole = exponent >= 0 && digits.length + exponent <= 16
  const written = whole
    ? parseParts(`${digits}${'0'.repeat(exponent + 1)}`, -1)
    : parseParts(digits, exponent)
  return value < 0 ? -written : written
}

/** serde_json keeps as many digits as fit into 64 bits, and counts the others. */
function parseLongInteger(digits: string): number {
  const limit = 2n ** 64n
  let kept = digits
  while (BigInt(kept) >= limit) kept = kept.slice(0, -1)
  return parseParts(kept, digits.length - kept.length)
}

/** `f64_from_parts` of serde_json: one rounding for the digits, one for each power of ten. */
function parseParts(digits: string, exponent: number): number {
  let result = Number(digits)
  let rest = exponent
  while (Math.abs(rest) > POWER_MAX) {
    if (result === 0) return 0
    if (rest > 0) return Infinity
    result /= 1e308
    rest += POWER_MAX
  }
  const power = Number(`1e${Math.abs(rest)}`)
  return rest >= 0 ? result * power : result / power
}

/** The shortest decimal that means `magnitude`, as digits and a power of ten. */
function decimalOf(magnitude: number): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '0', power = '0'] = magnitude.toExponential().split('e')
  const digits = mantissa.replace('.', '')
  return { digits, exponent: Number(power) - (digits.length - 1) }
}

/** The number that is `steps` further from zero in binary. */
function neighbor(value: number, steps: number): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(steps))
  return view.getFloat64(0)
}
