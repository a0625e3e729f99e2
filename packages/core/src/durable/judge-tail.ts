import type { FileHandle } from './file-system.ts'
import {
  countZeroSectors,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  SECTOR_BYTES,
  startsWith,
} from './log-format.ts'

/** Bytes that are searched at once. */
const SEARCH_BYTES = 256 * 1024

export interface LogTail {
  /** The first byte that is not part of a valid frame. */
  readonly startBytes: number
  /** The end of the file. Beyond `startBytes`. */
  readonly endBytes: number
  readonly salt: Uint8Array
}

/**
 * Tells an append that a crash has torn, which was never acknowledged and may be cut, from damage
 * to what was. Returns `undefined` for the former, and for the latter what is wrong.
 *
 * A torn append shows as a file that ends too early, or, after a power cut, as sectors that were
 * not written although the file has its new size, and that read as zeros (etcd's write-ahead log
 * judges by the same sign). Whatever is neither is damage. So is everything that a later append
 * follows: that one began only after the earlier one was durable.
 */
export async function judgeTail(handle: FileHandle, tail: LogTail): Promise<string | undefined> {
  const wrong = await wrongAtStart(handle, tail)
  if (wrong !== undefined) return wrong
  const laterBytes = await findLaterAppend(handle, tail)
  if (laterBytes === undefined) return undefined
  return `it is followed by a valid entry at byte ${laterBytes}`
}

async function wrongAtStart(handle: FileHandle, tail: LogTail): Promise<string | undefined> {
  const { startBytes, endBytes, salt } = tail
  const head = await handle.read(startBytes, Math.min(FRAME_HEADER_BYTES, endBytes - startBytes))
  const header = decodeFrameHeader(head, salt)
  if (header === undefined) {
    const cutShort =
      head.length < FRAME_HEADER_BYTES && startsWith(head, FRAME_MAGIC.subarray(0, head.length))
    if (cutShort || (await hasLostSector(handle, tail))) return undefined
    return 'no entry begins there'
  }
  const payloadStart = startBytes + FRAME_HEADER_BYTES
  if (payloadStart + header.payloadBytes > endBytes) return undefined
  const payload = await handle.read(payloadStart, header.payloadBytes)
  const lostSectors = countZeroSectors(payload, payloadStart) > header.zeroSectorCount
  return lostSectors ? undefined : "the entry's checksum does not match"
}

/** Whether one of the sectors that the frame header is in holds zeros where the tail begins. */
async function hasLostSector(handle: FileHandle, tail: LogTail): Promise<boolean> {
  const { startBytes, endBytes } = tail
  const headerEnd = startBytes + FRAME_HEADER_BYTES
  const sectorsEnd = Math.ceil(headerEnd / SECTOR_BYTES) * SECTOR_BYTES
  const bytes = await handle.read(startBytes, Math.min(sectorsEnd, endBytes) - startBytes)
  return countZeroSectors(bytes, startBytes) > 0
}

/** Where a frame is that belongs to an append which began after the start of the tail. */
async function findLaterAppend(handle: FileHandle, tail: LogTail): Promise<number | undefined> {
  const { endBytes, salt } = tail
  const step = SEARCH_BYTES - FRAME_HEADER_BYTES
  for (let at = tail.startBytes + 1; at < endBytes; at += step) {
    const bytes = Buffer.from(await handle.read(at, Math.min(SEARCH_BYTES, endBytes - at)))
    for (
      let hit = bytes.indexOf(FRAME_MAGIC);
      hit >= 0;
      hit = bytes.indexOf(FRAME_MAGIC, hit + 1)
    ) {
      const header = decodeFrameHeader(bytes.subarray(hit), salt)
      if (header === undefined) continue
      if (at + hit - header.batchOffsetBytes > tail.startBytes) return at + hit
    }
  }
  return undefined
}
