import { errorCode } from '../durable/directory-error.ts'
import type { FileHandle, FileSystem } from '../durable/file-system.ts'
import { FrameReader } from '../durable/frame-reader.ts'
import { decodeFileHeader, FILE_HEADER_BYTES } from '../durable/log-format.ts'

export interface Peeked {
  /** The file is another one than before, or shorter: `payloads` begin at its start. */
  readonly isRewritten: boolean
  readonly payloads: readonly Uint8Array[]
  readonly fileId: string
  /** Where the last of them ends. */
  readonly endBytes: number
}

/**
 * Reads a log that another process may be writing, without its lock and without changing it: the
 * complete entries since `from`, up to the first place where there is none (yet). For looking, not
 * for acting: what is seen may not be durable. `undefined` when there is nothing new.
 */
export async function peekLog(
  fs: FileSystem,
  path: string,
  from: { readonly fileId: string | undefined; readonly endBytes: number },
): Promise<Peeked | undefined> {
  let handle: FileHandle
  try {
    handle = await fs.open(path, 'read')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const { fileId, sizeBytes } = await handle.stat()
    const isRewritten = fileId !== from.fileId || sizeBytes < from.endBytes
    if (!isRewritten && sizeBytes === from.endBytes) return undefined
    const header = decodeFileHeader(await handle.read(0, FILE_HEADER_BYTES))
    if (header === 'damaged' || header === 'newer') return undefined
    const reader = new FrameReader(handle, {
      salt: header.salt,
      startBytes: isRewritten ? FILE_HEADER_BYTES : from.endBytes,
      endBytes: sizeBytes,
    })
    const payloads: Uint8Array[] = []
    for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
      payloads.push(frame.payload)
    }
    return { isRewritten, payloads, fileId, endBytes: reader.positionBytes }
  } finally {
    await handle.close()
  }
}
