/**
 * Decodes a list of lists of numbers in JSON right from its bytes, as they arrive, into float32.
 *
 * Decimals are converted exactly as by `JSON.parse`: nine digits fit an integer of 32 bits, and one
 * division of exact numbers is rounded once (Clinger, "How to Read Floating Point Numbers
 * Accurately", 1990). A float32 as Chroma writes it has no more digits than that; what has more, or
 * an exponent, is left to `Number`.
 */

/** There is something else than numbers among the vectors, such as `null`. */
export class UnusualAnswerError extends Error {
  override readonly name = 'UnusualAnswerError'
}

const EXACT_DIGITS_MAX = 9
/** Powers of ten that a float64 holds exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const EXACT_DECIMALS_MAX = POWERS_OF_TEN.length - 1
/** Nobody writes a longer number. */
const NUMBER_BYTES_MAX = 400
const FIRST_COMPONENTS = 1 << 16
const NOTHING = new Uint8Array(0)

const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
/** Bytes of numbers in JSON: digits, `+`, `-`, `.`, `e` and `E`. */
const IS_OF_NUMBER = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-+.eE0-9]/.test(String.fromCharCode(byte)) ? 1 : 0,
)

export class VectorsReader {
  /** The components of all vectors, one after the other. */
  #components = new Float32Array(FIRST_COMPONENTS)
  #count = 0
  readonly #ends: number[] = []
  #isInVector = false
  /** The start of a number whose end has not arrived. */
  #carried: Uint8Array = NOTHING

  /** Copies, so that whoever keeps one vector doesn't keep all of them. */
  vectors(): readonly Float32Array[] {
    return this.#ends.map((end, index) =>
      this.#components.slice(index === 0 ? 0 : this.#ends[index - 1], end),
    )
  }

  /**
   * Reads on. Returns how many bytes there are after the bracket that closes the list, or -1 when
   * it has not come yet.
   * @throws UnusualAnswerError
   */
  push(chunk: Uint8Array): number {
    const bytes = this.#carried.length === 0 ? chunk : Buffer.concat([this.#carried, chunk])
    const end = endOfWhole(bytes)
    this.#reserve(end)
    const closedAt = this.#read(bytes, end)
    if (closedAt >= 0) return bytes.length - closedAt
    this.#carried = bytes.slice(end)
    if (this.#carried.length > NUMBER_BYTES_MAX) throw unusual(this.#carried[0])
    return -1
  }

  /**
   * Reads `bytes` up to `end`, behind which no number goes on. Returns where the list closes, or -1.
   * All in one loop and in local variables, since it runs for each byte.
   */
  #read(bytes: Uint8Array, end: number): number {
    const components = this.#components
    let count = this.#count
    for (let at = 0; at < end; ) {
      const first = bytes[at] as number
      if (first === COMMA) {
        at++
        continue
      }
      if (first === OPEN_LIST || first === CLOSE_LIST) {
        at++
        this.#count = count
        if (this.#bracket(first)) return at
        continue
      }
      const start = at
      let byte = first
      if (first === MINUS) byte = bytes[++at] as number
      let digits = 0
      let decimals = 0
      while (byte === ZERO) byte = bytes[++at] as number
      let firstDigit = at
      while (byte >= ZERO && byte <= NINE) {
        digits = (Math.imul(digits, 10) + byte - ZERO) | 0
        byte = bytes[++at] as number
      }
      let length = at - firstDigit
      if (byte === DOT) {
        const point = at
        byte = bytes[++at] as number
        if (length === 0) while (byte === ZERO) byte = bytes[++at] as number
        firstDigit = at
        while (byte >= ZERO && byte <= NINE) {
          digits = (Math.imul(digits, 10) + byte - ZERO) | 0
          byte = bytes[++at] as number
        }
        length += at - firstDigit
        decimals = at - point - 1
      }
      const isWhole = (byte === COMMA || byte === CLOSE_LIST) && (bytes[at - 1] as number) >= ZERO
      if (isWhole && length <= EXACT_DIGITS_MAX && decimals <= EXACT_DECIMALS_MAX) {
        const value = digits / (POWERS_OF_TEN[decimals] as number)
        components[count++] = first === MINUS ? -value : value
      } else {
        while (IS_OF_NUMBER[byte] === 1) byte = bytes[++at] as number
        components[count++] = numberOf(bytes.subarray(start, at))
      }
      if (!this.#isInVector || (byte !== COMMA && byte !== CLOSE_LIST)) throw unusual(byte)
    }
    this.#count = count
    return -1
  }

  /** Whether it closes the list of vectors. */
  #bracket(byte: number): boolean {
    if (byte === OPEN_LIST) {
      if (this.#isInVector) throw unusual(byte)
      this.#isInVector = true
      return false
    }
    if (!this.#isInVector) return true
    this.#isInVector = false
    this.#ends.push(this.#count)
    return false
  }

  /** Room for all numbers that so many bytes can hold. */
  #reserve(byteCount: number): void {
    const needed = this.#count + (byteCount >> 1) + 1
    if (needed <= this.#components.length) return
    const larger = new Float32Array(Math.max(needed, 2 * this.#components.length))
    larger.set(this.#components.subarray(0, this.#count))
    this.#components = larger
  }
}

/** After the last byte that ends a number. */
function endOfWhole(bytes: Uint8Array): number {
  for (let at = bytes.length; at > 0; at--) {
    if (IS_OF_NUMBER[bytes[at - 1] as number] === 0) return at
  }
  return 0
}

/** As `JSON.parse` reads it. */
function numberOf(bytes: Uint8Array): number {
  const text = String.fromCharCode(...bytes)
  const value = text === '' ? Number.NaN : Number(text)
  if (Number.isNaN(value)) throw unusual(bytes[0])
  return value
}

function unusual(byte: number | undefined): UnusualAnswerError {
  return new UnusualAnswerError(`byte ${byte} among the vectors`)
}
