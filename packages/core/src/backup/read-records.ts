import type { FileHandle, FileSystem } from '../durable/file-system.ts'
import { BACKUP_FRAME_BYTES_MAX } from '../model/limits.ts'
import { ManifestBuilder, sameManifest } from '../model/manifest.ts'
import { backupDamaged } from './backup-damaged.ts'
import type { BackupBatch } from './backup-repository.ts'
import {
  decodeFrameHeader,
  decodePayload,
  FILE_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  RECORDS_MAGIC,
} from './records-codec.ts'
import type { WrittenRecords } from './records-writer.ts'

/**
 * Reads the records of a backup. Nothing is handed out whose checksum is wrong; at the end the whole
 * is compared with what was written. Memory: two frames, since one is read ahead.
 * @throws BACKUP_DAMAGED, and the errors of the file system
 */
export async function* readRecords(
  fs: FileSystem,
  path: string,
  expected: WrittenRecords,
  signal?: AbortSignal,
): AsyncGenerator<BackupBatch, void, undefined> {
  const manifest = new ManifestBuilder()
  for await (const { payload, atBytes } of readFrames(fs, path, expected, signal)) {
    const batch = decoded(payload, path, atBytes)
    manifest.addAll(batch.records)
    yield batch
  }
  if (sameManifest(manifest.build(), expected.manifest)) return
  throw backupDamaged(path, 'its records are not the ones that were written')
}

/** A piece of the file whose checksum is right. */
export interface Frame {
  readonly payload: Uint8Array
  readonly atBytes: number
}

/**
 * All of the file, in pieces that are what was written. Memory: two frames.
 * @throws BACKUP_DAMAGED, and the errors of the file system
 */
export async function* readFrames(
  fs: FileSystem,
  path: string,
  { sizeBytes }: Pick<WrittenRecords, 'sizeBytes'>,
  signal?: AbortSignal,
): AsyncGenerator<Frame, void, undefined> {
  const handle = await fs.open(path, 'read')
  const frames = new FrameReader(handle, path, sizeBytes)
  try {
    await frames.start()
    for (;;) {
      const frame = await frames.next()
      if (frame === undefined) return
      yield frame
      signal?.throwIfAborted()
    }
  } finally {
    await frames.settled()
    await handle.close()
  }
}

function decoded(payload: Uint8Array, path: string, atBytes: number): BackupBatch {
  try {
    return decodePayload(payload)
  } catch (cause) {
    throw backupDamaged(path, `the frame at byte ${atBytes} makes no sense`, cause)
  }
}

class FrameReader {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #endBytes: number
  #salt: Uint8Array = new Uint8Array(0)
  #positionBytes = FILE_HEADER_BYTES
  /** The header of the next frame, read together with what is before it. Empty at the end. */
  #header: Uint8Array = new Uint8Array(0)
  /** The payload of the next frame and the header after it. */
  #ahead: Promise<Uint8Array> | undefined

  constructor(handle: FileHandle, path: string, endBytes: number) {
    this.#handle = handle
    this.#path = path
    this.#endBytes = endBytes
  }

  async start(): Promise<void> {
    const { sizeBytes } = await this.#handle.stat()
    if (sizeBytes !== this.#endBytes) {
      throw this.#damaged(`it has ${sizeBytes} bytes and not ${this.#endBytes}`)
    }
    const bytes = await this.#handle.read(0, FILE_HEADER_BYTES + FRAME_HEADER_BYTES)
    if (!RECORDS_MAGIC.every((byte, index) => bytes[index] === byte)) {
      throw this.#damaged('it does not begin as a backup does')
    }
    this.#salt = bytes.slice(RECORDS_MAGIC.length, FILE_HEADER_BYTES)
    this.#readAhead(bytes.subarray(FILE_HEADER_BYTES))
  }

  async next(): Promise<Frame | undefined> {
    if (this.#ahead === undefined) return undefined
    const atBytes = this.#positionBytes
    const { payloadBytes, isOf } = decodeFrameHeader(this.#header, this.#salt)
    const bytes = await this.#ahead
    const payload = bytes.subarray(0, payloadBytes)
    if (payload.length < payloadBytes || !isOf(payload)) {
      throw this.#damaged(`what is at byte ${atBytes} was not written there`)
    }
    this.#positionBytes = atBytes + FRAME_HEADER_BYTES + payloadBytes
    this.#readAhead(bytes.subarray(payloadBytes))
    return { payload, atBytes }
  }

  /** Resolves when the disk is not being read any more. */
  async settled(): Promise<void> {
    await this.#ahead?.catch(() => {})
  }

  #readAhead(header: Uint8Array): void {
    this.#header = header
    this.#ahead = undefined
    if (this.#positionBytes === this.#endBytes) return
    if (header.length < FRAME_HEADER_BYTES) throw this.#damaged('its end is missing')
    const { payloadBytes } = decodeFrameHeader(header, this.#salt)
    const start = this.#positionBytes + FRAME_HEADER_BYTES
    // A length may be damaged: make no room for more than there is, or than was ever written.
    if (payloadBytes > Math.min(this.#endBytes - start, BACKUP_FRAME_BYTES_MAX)) {
      throw this.#damaged(`what is at byte ${this.#positionBytes} was not written there`)
    }
    const lengthBytes = Math.min(payloadBytes + FRAME_HEADER_BYTES, this.#endBytes - start)
    this.#ahead = this.#handle.read(start, lengthBytes)
    this.#ahead.catch(() => {})
  }

  #damaged(what: string): Error {
    return backupDamaged(this.#path, what)
  }
}
