/**
 * The records of a backup as bytes. A file begins with a magic number (8 bytes) and a salt (8); then
 * come frames: length of the payload (4) · CRC-32 of salt and payload (4) · payload.
 *
 * A payload is the length of its head (4) · the head, JSON in UTF-8 · zeros up to a multiple of 4 ·
 * the vectors, one after the other. The head tells ids, metadata and texts (`[id, metadata, text]`),
 * the number of components of the vectors (one number, or one each), and the ids that did not exist.
 * Integers are of 32 bits, lowest byte first; vectors are float32 as they lie in memory, which is
 * the same on every machine that Node supports but one. Their bytes are copied, never converted, so
 * that NaNs keep their payload and zeros their sign.
 *
 * The CRC is the one of zlib: native code, four times as fast as a loop of ours, and as good.
 */
import { crc32 } from 'node:zlib'
import { HoldfastError } from '../model/errors.ts'
import { BACKUP_FRAME_BYTES, BACKUP_FRAME_BYTES_MAX } from '../model/limits.ts'
import type { ManifestBuilder } from '../model/manifest.ts'
import type { Metadata, VectorRecord } from '../model/record.ts'
import { quoteId } from '../store/check-ids.ts'
import { storedMetadataProblem } from '../store/metadata-problem.ts'
import type { BackupBatch } from './backup-repository.ts'

/** "HFREC" between bytes that no text in UTF-8 has, and the version. */
export const RECORDS_MAGIC: Uint8Array = Uint8Array.of(0xf5, 0x48, 0x46, 0x52, 0x45, 0x43, 0xfe, 1)
export const SALT_BYTES = 8
export const FILE_HEADER_BYTES: number = RECORDS_MAGIC.length + SALT_BYTES
export const FRAME_HEADER_BYTES = 8

/**
 * Cuts a batch into frames, none of them much longer than `BACKUP_FRAME_BYTES` unless one record is,
 * and adds its records up. The work between two frames is short.
 * @throws RECORD_INVALID, LIMIT_EXCEEDED
 */
export function* encodeBatch(
  { records, absentIds = [] }: BackupBatch,
  salt: Uint8Array,
  manifest: ManifestBuilder,
): Generator<Uint8Array, void, undefined> {
  let frame = new FrameEncoder()
  for (const record of records) {
    frame.addRecord(record)
    manifest.add(record)
    if (frame.sizeBytes < BACKUP_FRAME_BYTES) continue
    yield frame.encode(salt)
    frame = new FrameEncoder()
  }
  for (const id of absentIds) {
    frame.addAbsentId(id)
    if (frame.sizeBytes < BACKUP_FRAME_BYTES) continue
    yield frame.encode(salt)
    frame = new FrameEncoder()
  }
  if (frame.sizeBytes > 0) yield frame.encode(salt)
}

class FrameEncoder {
  /** What is in it so far, in about as many bytes as it will take; 0 while it is empty. */
  sizeBytes = 0
  readonly #records: string[] = []
  readonly #vectors: Float32Array[] = []
  readonly #absentIds: string[] = []
  #lastId: string | undefined

  addRecord({ id, vector, metadata, text }: VectorRecord): void {
    const problem = metadata === undefined ? undefined : storedMetadataProblem(metadata)
    if (problem !== undefined) {
      throw new HoldfastError(
        'RECORD_INVALID',
        `Record ${quoteId(id)} can't be kept in a backup: its metadata ${problem}.`,
        { outcome: 'unchanged', retryable: false, details: { recordId: id } },
      )
    }
    const parts: HeadRecord =
      text !== undefined
        ? [id, metadata ?? null, text]
        : metadata !== undefined
          ? [id, metadata]
          : [id]
    const head = JSON.stringify(parts)
    this.#records.push(head)
    this.#vectors.push(vector)
    this.#lastId = id
    this.sizeBytes += head.length + vector.byteLength
  }

  addAbsentId(id: string): void {
    const head = JSON.stringify(id)
    this.#absentIds.push(head)
    this.sizeBytes += head.length
  }

  encode(salt: Uint8Array): Uint8Array {
    const head = this.#head()
    const headBytes = Buffer.byteLength(head)
    let at = vectorsStart(FRAME_HEADER_BYTES, headBytes)
    const vectorBytes = this.#vectors.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const frameBytes = at + vectorBytes
    if (frameBytes > BACKUP_FRAME_BYTES_MAX) throw tooLarge(this.#lastId)
    const frame = new Uint8Array(frameBytes)
    const writer = Buffer.from(frame.buffer)
    writer.writeUInt32LE(frameBytes - FRAME_HEADER_BYTES, 0)
    writer.writeUInt32LE(headBytes, FRAME_HEADER_BYTES)
    writer.write(head, FRAME_HEADER_BYTES + 4)
    for (const { buffer, byteOffset, byteLength } of this.#vectors) {
      frame.set(new Uint8Array(buffer, byteOffset, byteLength), at)
      at += byteLength
    }
    writer.writeUInt32LE(checksum(frame.subarray(FRAME_HEADER_BYTES), salt), 4)
    return frame
  }

  #head(): string {
    const lengths = this.#vectors.map(({ length }) => length)
    const isUniform = lengths.every((length) => length === lengths[0])
    const dimension = JSON.stringify(isUniform ? (lengths[0] ?? 0) : lengths)
    const absentIds = `[${this.#absentIds.join(',')}]`
    return `{"dimension":${dimension},"absentIds":${absentIds},"records":[${this.#records.join(',')}]}`
  }
}

/** A frame is longer than usual only because of its last record. */
function tooLarge(lastId: string | undefined): HoldfastError {
  return new HoldfastError(
    'LIMIT_EXCEEDED',
    `Record ${quoteId(lastId ?? '')} takes more than ${BACKUP_FRAME_BYTES_MAX} bytes, which is more ` +
      'than a backup can hold. Keep its text elsewhere.',
    { outcome: 'unchanged', retryable: false, details: { recordId: lastId } },
  )
}

export function encodeFileHeader(salt: Uint8Array): Uint8Array {
  return Uint8Array.of(...RECORDS_MAGIC, ...salt)
}

/** The length and checksum at the start of a frame. */
export interface FrameHeader {
  readonly payloadBytes: number
  isOf(payload: Uint8Array): boolean
}

export function decodeFrameHeader(bytes: Uint8Array, salt: Uint8Array): FrameHeader {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES)
  const expected = header.readUInt32LE(4)
  return {
    payloadBytes: header.readUInt32LE(0),
    isOf: (payload) => checksum(payload, salt) === expected,
  }
}

/** @throws Error when these bytes are no payload, though their checksum is right */
export function decodePayload(payload: Uint8Array): BackupBatch {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const headBytes = bytes.readUInt32LE(0)
  const head = JSON.parse(bytes.toString('utf8', 4, 4 + headBytes)) as Head
  // Copied to where float32 may begin. Not by `slice`, which gives a view where bytes are a Buffer.
  const vectors = new Uint8Array(payload.subarray(vectorsStart(0, headBytes)))
  const components = new Float32Array(vectors.buffer, 0, vectors.byteLength / 4)
  let at = 0
  const records = head.records.map(([id, metadata, text], index): VectorRecord => {
    const start = at
    at += dimensionOf(head, index)
    // A vector of its own, so that whoever keeps one record doesn't keep all of the frame.
    const vector = components.slice(start, at)
    return {
      id,
      vector,
      ...(metadata === undefined || metadata === null ? {} : { metadata }),
      ...(text === undefined ? {} : { text }),
    }
  })
  if (at !== components.length) throw new Error('the vectors do not fit to the records')
  return head.absentIds.length === 0 ? { records } : { records, absentIds: head.absentIds }
}

type HeadRecord = readonly [id: string, metadata?: Metadata | null, text?: string]

interface Head {
  readonly dimension: number | readonly number[]
  readonly absentIds: readonly string[]
  readonly records: readonly HeadRecord[]
}

function dimensionOf({ dimension }: Head, index: number): number {
  return typeof dimension === 'number' ? dimension : (dimension[index] as number)
}

/** Of a payload that begins at `start`, which is a multiple of 4. */
function vectorsStart(start: number, headBytes: number): number {
  return Math.ceil((start + 4 + headBytes) / 4) * 4
}

/** The salt is in it, so that what another file left in a block of the disk is never taken for ours. */
function checksum(payload: Uint8Array, salt: Uint8Array): number {
  return crc32(payload, crc32(salt))
}
