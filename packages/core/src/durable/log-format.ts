/**
 * The bytes of an append-only log. All numbers are unsigned, of 32 bits, lowest byte first.
 *
 * File header, 64 bytes: magic (8) · layout version · format version · salt (8) · length of the
 * format's name (1) · name in ASCII (35) · CRC-32C of the 60 bytes before.
 *
 * Frame header, 24 bytes: magic · length of the payload · bytes since the start of the append that
 * the frame is part of · number of its sectors that are zeros (see `countZeroSectors`) · CRC-32C of
 * the payload · CRC-32C of the 20 bytes before. Then the payload.
 *
 * Both checksums of a frame start from the file's salt, so that what another file left in a block
 * of the disk is never taken for a frame of this one. The header has a checksum of its own, so that
 * a length can be believed: a frame that ends beyond the end of the file was torn, and is not one
 * whose length was damaged. The magic numbers hold bytes that no text in UTF-8 has.
 */
import { crc32c } from './crc32c.ts'

export const FILE_HEADER_BYTES = 64
export const FRAME_HEADER_BYTES = 24
/** Disks write sectors as wholes; larger ones are multiples of it. */
export const SECTOR_BYTES = 512
export const FRAME_MAGIC: Uint8Array = Uint8Array.of(0xf5, 0x48, 0x46, 0xfe)

const FILE_MAGIC = Uint8Array.of(0xf5, 0x48, 0x46, 0x4c, 0x4f, 0x47, 0xfe, 0x0a)
const LAYOUT_VERSION = 1
const NAME_BYTES_MAX = 35

/** Offsets in the file header. */
const LAYOUT = 8
const VERSION = 12
const SALT = 16
const NAME = 24
const FILE_CHECKSUM = 60

/** Offsets in a frame header. */
const LENGTH = 4
const BATCH_OFFSET = 8
const ZERO_SECTORS = 12
const PAYLOAD_CHECKSUM = 16
const HEADER_CHECKSUM = 20

export const SALT_BYTES = 8

export interface LogFileHeader {
  /** What the log is for, such as `journal`. ASCII, up to 35 characters. */
  readonly format: string
  readonly version: number
  readonly salt: Uint8Array
}

export interface FrameHeader {
  readonly payloadBytes: number
  readonly batchOffsetBytes: number
  readonly zeroSectorCount: number
  readonly payloadChecksum: number
}

export function encodeFileHeader({ format, version, salt }: LogFileHeader): Uint8Array {
  const name = new TextEncoder().encode(format)
  if (name.length > NAME_BYTES_MAX) throw new RangeError(`A format's name is too long: ${format}`)
  const bytes = new Uint8Array(FILE_HEADER_BYTES)
  const view = viewOf(bytes)
  bytes.set(FILE_MAGIC)
  view.setUint32(LAYOUT, LAYOUT_VERSION, true)
  view.setUint32(VERSION, version, true)
  bytes.set(salt, SALT)
  bytes[NAME] = name.length
  bytes.set(name, NAME + 1)
  view.setUint32(FILE_CHECKSUM, crc32c(bytes.subarray(0, FILE_CHECKSUM)), true)
  return bytes
}

/** The header, `damaged` when it is none, or `newer` when a later layout has written it. */
export function decodeFileHeader(bytes: Uint8Array): LogFileHeader | 'damaged' | 'newer' {
  if (bytes.length < FILE_HEADER_BYTES || !startsWith(bytes, FILE_MAGIC)) return 'damaged'
  const view = viewOf(bytes)
  const checksum = crc32c(bytes.subarray(0, FILE_CHECKSUM))
  if (view.getUint32(FILE_CHECKSUM, true) !== checksum) return 'damaged'
  if (view.getUint32(LAYOUT, true) > LAYOUT_VERSION) return 'newer'
  const nameEnd = NAME + 1 + (bytes[NAME] as number)
  return {
    format: new TextDecoder().decode(bytes.subarray(NAME + 1, nameEnd)),
    version: view.getUint32(VERSION, true),
    salt: bytes.slice(SALT, SALT + SALT_BYTES),
  }
}

/** The frames of one append, as they are written at `startBytes` of the file. */
export function encodeFrames(
  payloads: readonly Uint8Array[],
  options: { readonly startBytes: number; readonly salt: Uint8Array },
): Uint8Array {
  const sizeBytes = payloads.reduce((sum, { length }) => sum + FRAME_HEADER_BYTES + length, 0)
  const bytes = new Uint8Array(sizeBytes)
  const view = viewOf(bytes)
  const seed = crc32c(options.salt)
  let at = 0
  for (const payload of payloads) {
    const payloadAt = at + FRAME_HEADER_BYTES
    bytes.set(FRAME_MAGIC, at)
    view.setUint32(at + LENGTH, payload.length, true)
    view.setUint32(at + BATCH_OFFSET, at, true)
    const zeroSectorCount = countZeroSectors(payload, options.startBytes + payloadAt)
    view.setUint32(at + ZERO_SECTORS, zeroSectorCount, true)
    view.setUint32(at + PAYLOAD_CHECKSUM, crc32c(payload, seed), true)
    const checked = bytes.subarray(at, at + HEADER_CHECKSUM)
    view.setUint32(at + HEADER_CHECKSUM, crc32c(checked, seed), true)
    bytes.set(payload, payloadAt)
    at = payloadAt + payload.length
  }
  return bytes
}

/** The header at the start of `bytes`, or `undefined` when there is no valid one. */
export function decodeFrameHeader(bytes: Uint8Array, salt: Uint8Array): FrameHeader | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || !startsWith(bytes, FRAME_MAGIC)) return undefined
  const view = viewOf(bytes)
  const checksum = crc32c(bytes.subarray(0, HEADER_CHECKSUM), crc32c(salt))
  if (view.getUint32(HEADER_CHECKSUM, true) !== checksum) return undefined
  return {
    payloadBytes: view.getUint32(LENGTH, true),
    batchOffsetBytes: view.getUint32(BATCH_OFFSET, true),
    zeroSectorCount: view.getUint32(ZERO_SECTORS, true),
    payloadChecksum: view.getUint32(PAYLOAD_CHECKSUM, true),
  }
}

export function isPayloadOf(header: FrameHeader, payload: Uint8Array, salt: Uint8Array): boolean {
  return crc32c(payload, crc32c(salt)) === header.payloadChecksum
}

/**
 * How many sectors of the file hold nothing but zeros of `bytes`, which begin at `startBytes`. A
 * frame that has more of them now than when it was written has lost sectors to a power cut.
 */
export function countZeroSectors(bytes: Uint8Array, startBytes: number): number {
  let count = 0
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + SECTOR_BYTES - ((startBytes + start) % SECTOR_BYTES))
    let at = start
    while (at < end && bytes[at] === 0) at++
    if (at === end) count++
    start = end
  }
  return count
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
