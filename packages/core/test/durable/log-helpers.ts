import { AppendOnlyLog, type AppendOnlyLogOptions } from '../../src/durable/append-only-log.ts'
import type { FileSystem } from '../../src/durable/file-system.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'

export const PATH = '/log'

export const OPTIONS: AppendOnlyLogOptions = {
  format: 'test',
  version: 1,
  payloadBytesMax: 100_000,
  random: new SeededRandom(1),
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function openLog(fs: FileSystem, path: string = PATH): Promise<AppendOnlyLog> {
  return AppendOnlyLog.open(fs, path, OPTIONS)
}

export async function readAll(log: AppendOnlyLog, fromBytes?: number): Promise<readonly string[]> {
  const payloads: string[] = []
  for await (const { payload } of log.read(fromBytes)) {
    payloads.push(new TextDecoder().decode(payload))
  }
  return payloads
}

/** What a process finds that opens the log of this disk. */
export async function entriesOn(fs: FileSystem): Promise<readonly string[]> {
  const log = await openLog(fs)
  try {
    return await readAll(log)
  } finally {
    await log.close()
  }
}

/** A disk whose log holds exactly these bytes, durably. */
export async function diskWith(content: Uint8Array): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  const handle = await fs.open(PATH, 'create')
  await handle.append(content)
  await handle.sync()
  await handle.close()
  await fs.syncDirectory('/')
  return fs
}

/** The bytes of a log with one append per element, and where each entry begins and ends. */
export async function logBytes(
  appends: readonly (readonly string[])[],
): Promise<{ content: Uint8Array; frames: readonly { startBytes: number; endBytes: number }[] }> {
  const fs = new MemoryFileSystem()
  const log = await openLog(fs)
  for (const append of appends) await log.append(append.map(bytes))
  const frames: { startBytes: number; endBytes: number }[] = []
  for await (const { startBytes, endBytes } of log.read()) frames.push({ startBytes, endBytes })
  await log.close()
  return { content: await fs.readFile(PATH), frames }
}
