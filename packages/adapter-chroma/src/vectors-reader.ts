/**
 * Decodes a list of lists of numbers in JSON right from its bytes, as they arrive, into float32.
 *
 * Decimals are converted exactly as by `JSON.parse`: up to fifteen digits are a number below 2^53,
 * and one division of it by a power of ten is rounded once (Clinger, "How to Read Floating Point
 * Numbers Accurately", 1990). A float32 as Chroma writes it rarely has more; what has, or has an
 * exponent, is left to `JSON.parse`. Nothing is taken that `JSON.parse` would refuse.
 */

/** The vectors are not lists of numbers as Chroma writes them: there is a `null`, or a space. */
export class UnusualAnswerError extends Error {
  override readonly name = 'UnusualAnswerError'
}

/** Digits, and perhaps a point, of a number below 2^53. */
const EXACT_BYTES_MAX = 15
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_BYTES_MAX + 1 }, (_, exponent) =>
  Number(`1e${exponent}`),
)
const WORD_BYTES = 4
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
  /** A bracket or a comma was the last thing, so that no comma and no end may follow. */
  #expectsValue = true
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
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const lastWord = bytes.length - WORD_BYTES
    let count = this.#count
    let expectsValue = this.#expectsValue
    for (let at = 0; at < end; ) {
      const first = bytes[at] as number
      if (first === OPEN_LIST || first === CLOSE_LIST) {
        at++
        this.#count = count
        if (this.#bracket(first, expectsValue)) return at
        expectsValue = first === OPEN_LIST
        continue
      }
      if (expectsValue === (first === COMMA)) throw unusual(first)
      if (first === COMMA) {
        at++
        expectsValue = true
        continue
      }
      const start = at
      if (first === MINUS) at++
      const firstDigit = at
      let point = at
      let digits = 0
      let byte = bytes[at] as number
      while (byte >= ZERO && byte <= NINE) {
        digits = digits * 10 + (byte - ZERO)
        byte = bytes[++at] as number
      }
      point = at
      const lead = bytes[firstDigit] as number
      const isLed = lead > ZERO || (lead === ZERO && at === firstDigit + 1)
      if (byte === DOT) {
        at++
        while (at <= lastWord) {
          const word = words.getInt32(at, true)
          if (!isDigits(word)) break
          digits = digits * 10_000 + numberIn(word)
          at += WORD_BYTES
        }
        byte = bytes[at] as number
        while (byte >= ZERO && byte <= NINE) {
          digits = digits * 10 + (byte - ZERO)
          byte = bytes[++at] as number
        }
        point++
      }
      const isWhole = (byte === COMMA || byte === CLOSE_LIST) && (bytes[at - 1] as number) >= ZERO
      if (isWhole && isLed && at - firstDigit <= EXACT_BYTES_MAX) {
        const value = digits / (POWERS_OF_TEN[at - point] as number)
        components[count++] = first === MINUS ? -value : value
      } else {
        while (IS_OF_NUMBER[byte] === 1) byte = bytes[++at] as number
        components[count++] = numberOf(bytes.subarray(start, at))
        if (byte !== COMMA && byte !== CLOSE_LIST) throw unusual(byte)
      }
      expectsValue = byte === COMMA
      if (expectsValue) at++
    }
    this.#count = count
    this.#expectsValue = expectsValue
    return -1
  }

  /** Whether it closes the list of vectors. */
  #bracket(byte: number, expectsValue: boolean): boolean {
    if (byte === OPEN_LIST) {
      if (!expectsValue || this.#isInVector || this.#count !== (this.#ends.at(-1) ?? 0))
        throw unusual(byte)
      this.#isInVector = true
      return false
    }
    // Only the list of vectors may be empty.
    if (expectsValue && (this.#isInVector || this.#ends.length > 0)) throw unusual(byte)
    if (!this.#isInVector) {
      // Numbers between the vectors.
      if (this.#count !== (this.#ends.at(-1) ?? 0)) throw unusual(byte)
      return true
    }
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

/** Whether all four bytes are digits. */
function isDigits(word: number): boolean {
  // A digit is 0x30 to 0x39: its upper half is 3, also when 6 is added to it.
  return (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030
}

/**
 * The number that four digits tell, the first one in the lowest byte: neighbors are added up with
 * one multiplication, then the pairs (Lemire, "Quickly parsing eight digits", 2018).
 */
function numberIn(word: number): number {
  const pairs = (Math.imul(word & 0x0f0f0f0f, 10 * 256 + 1) >>> 8) & 0x00ff00ff
  return Math.imul(pairs, 100 * 65_536 + 1) >>> 16
}

/** After the last byte that ends a number. */
function endOfWhole(bytes: Uint8Array): number {
  for (let at = bytes.length; at > 0; at--) {
    if (IS_OF_NUMBER[bytes[at - 1] as number] === 0) return at
  }
  return 0
}

function numberOf(bytes: Uint8Array): number {
  try {
    return JSON.parse(String.fromCharCode(...bytes)) as number
  } catch {
    throw unusual(bytes[0])
  }
}

function unusual(byte: number | undefined): UnusualAnswerError {
  return new UnusualAnswerError(`byte ${byte} among the vectors`)
}
