import { UnusualAnswerError, VectorsReader } from './vectors-reader.ts'

const VECTORS_KEY = new TextEncoder().encode('embeddings')
const NO_KEY = -1
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
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
  /** How many bytes of the string so far are those of the key. */
  #matched = NO_KEY
  /** The last thing read is the key of the vectors. */
  #isAtVectors = false
  #isInVectors = false
  /** The key of the vectors has come. A second one would overrule the first. */
  #hasKey = false

  /** @throws UnusualAnswerError */
  push(chunk: Uint8Array): void {
    for (let left = chunk; left.length > 0; ) {
      left = left.subarray(this.#isInVectors ? this.#readVectors(left) : this.#readRest(left))
    }
  }

  /**
   * The answer with an empty list of vectors, when all of it has arrived.
   * @throws SyntaxError when it was cut off
   */
  columns(): unknown {
    // Leaves out a byte order mark, as the client itself does.
    return JSON.parse(new TextDecoder().decode(Buffer.concat(this.#rest)))
  }

  vectors(): readonly Float32Array[] {
    return this.#vectors.vectors()
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

  /** In one loop and in local variables, since it runs for each byte. */
  #readRest(bytes: Uint8Array): number {
    let isInString = this.#isInString
    let isEscaped = this.#isEscaped
    let matched = this.#matched
    let at = 0
    while (at < bytes.length && !this.#isInVectors) {
      const byte = bytes[at++] as number
      if (!isInString) {
        isInString = byte === QUOTE
        if (isInString) matched = this.#depth === 1 ? 0 : NO_KEY
        else this.#readMark(byte)
      } else if (isEscaped) {
        isEscaped = false
      } else if (byte === QUOTE) {
        isInString = false
        this.#isAtVectors = matched === VECTORS_KEY.length
      } else if (byte === BACKSLASH) {
        // Could be a letter of the key.
        if (this.#depth === 1) throw new UnusualAnswerError('an escape in a key')
        isEscaped = true
      } else if (matched >= 0) {
        matched = byte === VECTORS_KEY[matched] ? matched + 1 : NO_KEY
      }
    }
    this.#isInString = isInString
    this.#isEscaped = isEscaped
    this.#matched = matched
    this.#rest.push(bytes.slice(0, at))
    return at
  }

  /** A byte outside of strings. */
  #readMark(byte: number): void {
    switch (byte) {
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
      case COLON:
        if (this.#isAtVectors && this.#hasKey) throw new UnusualAnswerError('vectors twice')
        this.#hasKey ||= this.#isAtVectors
        break
      case COMMA:
        // Its value was no list.
        this.#isAtVectors = false
        break
      default:
    }
  }
}
