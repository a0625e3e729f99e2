import { dirname } from 'node:path'
import { type ErrorCode, HoldfastError } from '../model/errors.ts'
import { temporaryPath } from './atomic-write.ts'
import { errorCode } from './directory-error.ts'
import type { FileHandle, FileSystem } from './file-system.ts'
import { FrameReader } from './frame-reader.ts'
import { judgeTail } from './judge-tail.ts'
import {
  decodeFileHeader,
  encodeFileHeader,
  encodeFrames,
  FILE_HEADER_BYTES,
  type LogFileHeader,
  SALT_BYTES,
} from './log-format.ts'
import type { Random } from './random.ts'
import { systemRandom } from './system-random.ts'

export interface LogFileOptions {
  /** What the log is for, such as `journal`. ASCII, up to 35 characters. */
  readonly format: string
  /** The newest version of the entries that the caller understands. New files get it. */
  readonly version: number
  /** What damage is called. Default `JOURNAL_DAMAGED`. */
  readonly damagedCode?: Extract<ErrorCode, 'JOURNAL_DAMAGED' | 'BACKUP_DAMAGED'>
  /** Default: the machine's. */
  readonly random?: Random
}

/** Bytes that are gathered into one write while a whole log is written. */
const GATHERED_BYTES = 1024 * 1024

/** An open file whose entries are complete, valid and durable up to `endBytes`, its end. */
export interface LogFile {
  readonly handle: FileHandle
  readonly fileId: string
  readonly header: LogFileHeader
  readonly endBytes: number
}

/** Opens a log or creates an empty one; cuts off what is torn. */
export async function openLogFile(
  fs: FileSystem,
  path: string,
  options: LogFileOptions,
): Promise<LogFile> {
  await createIfMissing(fs, path, options)
  const handle = await fs.open(path, 'append')
  try {
    const header = await readHeader(handle, path, options)
    const { salt } = header
    const tail = { path, options, startBytes: FILE_HEADER_BYTES, salt }
    const endBytes = await settleTail(fs, handle, tail)
    // The name too may be younger than the last sync: a process can have died after its rename.
    await fs.syncDirectory(dirname(path))
    const { fileId } = await handle.stat()
    return { handle, fileId, header, endBytes }
  } catch (error) {
    await handle.close().catch(() => {})
    throw error
  }
}

/**
 * Writes a log with these entries and puts it where `path` is, atomically. It is durable once it
 * has been opened.
 */
export async function writeLogFile(
  fs: FileSystem,
  path: string,
  options: LogFileOptions,
  payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  beforeRename: () => Promise<void> = async () => {},
): Promise<void> {
  const { format, version, random = systemRandom } = options
  const header = { format, version, salt: random.bytes(SALT_BYTES) }
  const temporary = temporaryPath(path, random)
  try {
    const handle = await fs.open(temporary, 'create')
    try {
      await handle.append(encodeFileHeader(header))
      await appendAll(handle, header.salt, payloads)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await beforeRename()
    await fs.rename(temporary, path)
  } catch (error) {
    await fs.unlink(temporary).catch(() => {})
    throw error
  }
}

async function appendAll(
  handle: FileHandle,
  salt: Uint8Array,
  payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  let startBytes = FILE_HEADER_BYTES
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  const flush = async (): Promise<void> => {
    const bytes = encodeFrames(gathered, { startBytes, salt })
    await handle.append(bytes)
    startBytes += bytes.length
    gathered = []
    gatheredBytes = 0
  }
  for await (const payload of payloads) {
    gathered.push(payload)
    gatheredBytes += payload.length
    if (gatheredBytes >= GATHERED_BYTES) await flush()
  }
  await flush()
}

export interface TailToSettle {
  readonly path: string
  readonly options: LogFileOptions
  /** Where the first frame begins that was not looked at yet. */
  readonly startBytes: number
  readonly salt: Uint8Array
}

/**
 * Reads the frames from `startBytes` on, cuts off what is torn, makes the rest durable, and tells
 * where the last one ends. An entry may have been written by a process that died before its sync,
 * so nothing of it may be acted on earlier.
 *
 * A sync alone is not enough: after one that failed the system may go on showing what it could not
 * write, and report success from then on (Rebello et al., "Can Applications Recover from fsync
 * Failures?", USENIX ATC 2020). So the last append, the only one that was perhaps never synced, is
 * written once more in its place. Its bytes are the same, so it can't be torn by that.
 */
export async function settleTail(
  fs: FileSystem,
  handle: FileHandle,
  tail: TailToSettle,
): Promise<number> {
  const { path, options, startBytes, salt } = tail
  const { sizeBytes } = await handle.stat()
  const reader = new FrameReader(handle, { salt, startBytes, endBytes: sizeBytes })
  while ((await reader.next()) !== undefined);
  const endBytes = reader.positionBytes
  if (endBytes < sizeBytes) {
    const wrong = await judgeTail(handle, { startBytes: endBytes, endBytes: sizeBytes, salt })
    if (wrong !== undefined) throw logDamaged(path, options, { atBytes: endBytes, wrong })
    await handle.truncate(endBytes)
  }
  await writeAgain(fs, path, { handle, startBytes: reader.appendStartBytes ?? endBytes, endBytes })
  await handle.sync()
  return endBytes
}

async function writeAgain(
  fs: FileSystem,
  path: string,
  part: { readonly handle: FileHandle; readonly startBytes: number; readonly endBytes: number },
): Promise<void> {
  const { handle, startBytes, endBytes } = part
  if (startBytes === endBytes) return
  const writer = await fs.open(path, 'overwrite')
  try {
    await writer.write(startBytes, await handle.read(startBytes, endBytes - startBytes))
  } finally {
    await writer.close()
  }
}

export function logDamaged(
  path: string,
  { damagedCode = 'JOURNAL_DAMAGED' }: LogFileOptions,
  { atBytes, wrong }: { readonly atBytes: number; readonly wrong: string },
): HoldfastError {
  return new HoldfastError(
    damagedCode,
    `${path} is damaged at byte ${atBytes}: ${wrong}. A crash does not leave that behind, so nothing` +
      ' was changed or cut. Check the disk, and bring the file back from a copy; to go on without' +
      ' what follows, keep a copy and cut the file at that byte.',
    { outcome: 'unchanged', retryable: false, details: { path, atBytes } },
  )
}

async function createIfMissing(
  fs: FileSystem,
  path: string,
  options: LogFileOptions,
): Promise<void> {
  try {
    await fs.stat(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    // Put there whole, so that a header is never torn.
    await writeLogFile(fs, path, options, [])
  }
}

async function readHeader(
  handle: FileHandle,
  path: string,
  options: LogFileOptions,
): Promise<LogFileHeader> {
  const header = decodeFileHeader(await handle.read(0, FILE_HEADER_BYTES))
  if (header === 'damaged') {
    throw logDamaged(path, options, { atBytes: 0, wrong: 'it does not begin as a log does' })
  }
  if (header !== 'newer' && header.format !== options.format) {
    const wrong = `it is a log of format ${header.format} and not ${options.format}`
    throw logDamaged(path, options, { atBytes: 0, wrong })
  }
  if (header === 'newer' || header.version > options.version) {
    throw new HoldfastError(
      'JOURNAL_VERSION_NEWER',
      `${path} was written by a later version of this program. Use that version or a newer one;` +
        ' nothing was changed.',
      { outcome: 'unchanged', retryable: false, details: { path } },
    )
  }
  return header
}
