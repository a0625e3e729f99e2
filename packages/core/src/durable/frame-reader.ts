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
    // Most often it is in memory already, and waiting for nothing would take longer than reading it.
    const head =
      this.#view(startBytes, FRAME_HEADER_BYTES) ??
      (await this.#load(startBytes, FRAME_HEADER_BYTES))
    const header = decodeFrameHeader(head, this.#salt)
    if (header === undefined) return undefined
    const payloadStart = startBytes + FRAME_HEADER_BYTES
    const payload =
      this.#view(payloadStart, header.payloadBytes) ??
      (await this.#load(payloadStart, header.payloadBytes))
    if (payload.length < header.payloadBytes) return undefined
    if (!isPayloadOf(header, payload, this.#salt)) return undefined
    const endBytes = payloadStart + header.payloadBytes
    this.#positionBytes = endBytes
    this.#appendStartBytes = startBytes - header.batchOffsetBytes
    return { payload: payload.slice(), startBytes, endBytes }
  }

  /** Up to `lengthBytes` at `at`, fewer at the end; `undefined` when they are not in memory. */
  #view(at: number, lengthBytes: number): Uint8Array | undefined {
    const from = at - this.#bufferStartBytes
    const to = Math.min(at + lengthBytes, this.#endBytes) - this.#bufferStartBytes
    return to > this.#buffer.length ? undefined : this.#buffer.subarray(from, Math.max(from, to))
  }

  async #load(at: number, lengthBytes: number): Promise<Uint8Array> {
    // Not beyond the end, however large a length in the file is.
    const wantedBytes = Math.min(Math.max(lengthBytes, READ_BYTES), this.#endBytes - at)
    this.#buffer = await this.#handle.read(at, wantedBytes)
    this.#bufferStartBytes = at
    return this.#buffer.subarray(0, lengthBytes)
  }
}
