import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  BackupBatch,
  BackupInfo,
  BackupRepository,
} from '../../src/backup/backup-repository.ts'
import { FileBackupRepository } from '../../src/backup/file-backup-repository.ts'
import type { FileSystem } from '../../src/durable/file-system.ts'
import { nodeFileSystem } from '../../src/durable/node-file-system.ts'
import type { CollectionInfo } from '../../src/model/collection.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import type { CallOptions } from '../../src/store/adapter.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

const collection: CollectionInfo = { name: 'docs', id: 'c1', metric: 'cosine', dimension: 4 }

/** A directory for backups, and whatever removes it. */
export interface Place {
  readonly fileSystem: FileSystem
  readonly directory: string
  remove(): Promise<void>
}

export async function inMemory(
  fileSystem: MemoryFileSystem = new MemoryFileSystem(),
): Promise<Place & { readonly fileSystem: MemoryFileSystem }> {
  return { fileSystem, directory: '/data/backups', remove: async () => {} }
}

export async function onDisk(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-backup-'))
  return {
    fileSystem: nodeFileSystem,
    directory: join(root, 'backups'),
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

export async function repositoryIn(
  { fileSystem, directory }: Place,
  seed = 1,
): Promise<FileBackupRepository> {
  await fileSystem.makeDirectory(directory)
  return FileBackupRepository.open({
    fileSystem,
    directory,
    clock: new SimulatedClock(),
    random: new SeededRandom(seed),
  })
}

export function recordsOf(count: number, from = 0): VectorRecord[] {
  return Array.from({ length: count }, (_, offset) => {
    const index = from + offset
    return {
      id: `r${index}`,
      vector: Float32Array.of(index, -0, 1 / 3, -index),
      metadata: { index, tags: ['a', { b: null }] },
      text: `text ${index} é`,
    }
  })
}

export async function* stream(batches: readonly BackupBatch[]): AsyncGenerator<BackupBatch> {
  yield* batches
}

export function write(
  repository: BackupRepository,
  id: string,
  batches: readonly BackupBatch[] | AsyncIterable<BackupBatch>,
  options?: CallOptions,
): Promise<BackupInfo> {
  const source = Symbol.asyncIterator in batches ? batches : stream(batches)
  return repository.write({ id, collection, batches: source }, options)
}

/** All of a backup in one piece, its vectors as bits, so that `toEqual` compares exactly. */
export async function contentOf(repository: BackupRepository, id: string): Promise<Content> {
  return contentIn(await collect(repository.read(id)))
}

export function contentIn(batches: readonly BackupBatch[]): Content {
  return {
    records: batches.flatMap(({ records }) =>
      records.map(({ vector, ...rest }) => ({
        ...rest,
        bits: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('hex'),
      })),
    ),
    absentIds: batches.flatMap(({ absentIds = [] }) => absentIds),
  }
}

export interface Content {
  readonly records: readonly object[]
  readonly absentIds: readonly string[]
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function listIds(repository: BackupRepository): Promise<string[]> {
  return (await collect(repository.list())).map(({ id }) => id).sort()
}

/** Puts other bytes where a file is. */
export async function overwrite(
  fileSystem: FileSystem,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  await fileSystem.unlink(path)
  const handle = await fileSystem.open(path, 'create')
  await handle.append(bytes)
  await handle.close()
}
