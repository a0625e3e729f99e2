import type { FileHandle } from './file-system.ts'
import { decodeFrameHeader, FRAME_HEADER_BYTES, isPayloadOf } from './log-format.ts'

/** Bytes that are read at once. Larger frames are read whole. */
const READ_BYTES = 256 * 1024

export interface LogFrame {
  /** A copy of its own. */
  readonly payload: Uint8Array
  readonly startBytes: number
  readonly endBytes: number
}

/** Reads frames one after the other, up to the first place that holds no valid one. */
export class FrameReader {
  readonly #handle: FileHandle
  readonly #salt: Uint8Array
  readonly #endBytes: number
  #positionBytes: number
  #appendStartBytes: number | undefined
  #buffer: Uint8Array = new Uint8Array(0)
  #bufferStartBytes = 0

  constructor(
    handle: FileHandle,
    options: {
      readonly salt: Uint8Array
      readonly startBytes: number
      readonly endBytes: number
    },
  ) {
    this.#handle = handle
    this.#salt = options.salt
    this.#positionBytes = options.startBytes
    this.#endBytes = options.endBytes
  }

  /** Where the next frame begins, or where there is none. */
  get positionBytes(): number {
    return this.#positionBytes
  }

  /** Where the append begins that the last frame is part of. */
  get appendStartBytes(): number | undefined {
    return this.#appendStartBytes
  }

  /** The next frame; `undefined` at the end and where no complete and valid frame is. */
  async next(): Promise<LogFrame | undefined> {
    const startBytes = this.#positionBytes
    const head = await this.#peek(startBytes, FRAME_HEADER_BYTES)
    const header = decodeFrameHeader(head, this.#salt)
    if (header === undefined) return undefined
    const payloadStart = startBytes + FRAME_HEADER_BYTES
    const payload = await this.#peek(payloadStart, header.payloadBytes)
    if (payload.length < header.payloadBytes) return undefined
    if (!isPayloadOf(header, payload, this.#salt)) return undefined
    const endBytes = payloadStart + header.payloadBytes
    this.#positionBytes = endBytes
    this.#appendStartBytes = startBytes - header.batchOffsetBytes
    return { payload: payload.slice(), startBytes, endBytes }
  }

  /** Up to `lengthBytes` at `at`, fewer at the end. A view that holds until the next call. */
  async #peek(at: number, lengthBytes: number): Promise<Uint8Array> {
    const end = Math.min(at + lengthBytes, this.#endBytes)
    if (end > this.#bufferStartBytes + this.#buffer.length) {
      // Not beyond the end, however large a length in the file is.
      const wanted = Math.min(Math.max(lengthBytes, READ_BYTES), this.#endBytes - at)
      this.#buffer = await this.#handle.read(at, wanted)
      this.#bufferStartBytes = at
    }
    const from = at - this.#bufferStartBytes
    return this.#buffer.subarray(from, from + Math.max(0, end - at))
  }
}
