import { VectorsReader } from './vectors-reader.ts'

/** The answer as JSON with an empty list of vectors, and the vectors. */
export interface DecodedGet {
  readonly columns: unknown
  readonly vectors: readonly Float32Array[]
}

const VECTORS_KEY = new TextEncoder().encode('embeddings')
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Reads an answer to `get` while it arrives. Vectors, which are nearly all of its bytes, are decoded
 * piece by piece; what is left is small and parsed at the end. Parsing all of it at once takes twice
 * as long, needs several times the memory, and lets nobody else run meanwhile.
 */
export class GetDecoder {
  /** Everything but the vectors, in order. */
  readonly #rest: Uint8Array[] = []
  readonly #vectors = new VectorsReader()
  #depth = 0
  #isInString = false
  #isEscaped = false
  /** How many bytes of the string so far are those of the key; -1 when one was not. */
  #matched = -1
  /** The last thing read is the key of the vectors. */
  #isAtVectors = false
  #isInVectors = false

  /** @throws UnusualAnswerError */
  push(chunk: Uint8Array): void {
    for (let left = chunk; left.length > 0; ) {
      left = left.subarray(this.#isInVectors ? this.#readVectors(left) : this.#readRest(left))
    }
  }

  /** @throws SyntaxError when the answer was cut off */
  end(): DecodedGet {
    return {
      columns: JSON.parse(Buffer.concat(this.#rest).toString()),
      vectors: this.#vectors.vectors(),
    }
  }

  /** Both return how many bytes they have read. */
  #readVectors(bytes: Uint8Array): number {
    const left = this.#vectors.push(bytes)
    if (left < 0) return bytes.length
    this.#isInVectors = false
    this.#depth--
    this.#rest.push(Uint8Array.of(CLOSE_LIST))
    return bytes.length - left
  }

  #readRest(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length && !this.#isInVectors) {
      const byte = bytes[at++] as number
      if (this.#isInString) this.#readString(byte)
      else this.#readMark(byte)
    }
    this.#rest.push(bytes.slice(0, at))
    return at
  }

  #readMark(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#isInString = true
        this.#matched = this.#depth === 1 ? 0 : -1
        break
      case OPEN_LIST:
      case OPEN_OBJECT:
        this.#depth++
        this.#isInVectors = this.#isAtVectors && byte === OPEN_LIST
        this.#isAtVectors = false
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        this.#depth--
        break
      case COMMA:
        // Its value was no list.
        this.#isAtVectors = false
        break
      default:
    }
  }

  #readString(byte: number): void {
    if (this.#isEscaped) {
      this.#isEscaped = false
    } else if (byte === BACKSLASH) {
      this.#isEscaped = true
      this.#matched = -1
    } else if (byte === QUOTE) {
      this.#isInString = false
      this.#isAtVectors = this.#matched === VECTORS_KEY.length
    } else if (this.#matched >= 0) {
      this.#matched = byte === VECTORS_KEY[this.#matched] ? this.#matched + 1 : -1
    }
  }
}
