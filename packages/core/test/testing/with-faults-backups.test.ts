import { describe, expect, it } from 'vitest'
import type { BackupBatch, BackupRepository } from '../../src/backup/backup-repository.ts'
import {
  CrashError,
  type Fault,
  FaultPlan,
  type FaultPlanOptions,
} from '../../src/testing/fault-plan.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import { withFaults } from '../../src/testing/with-faults.ts'
import { MemoryBackupRepository, type MemoryBackups } from './memory-backup-repository.ts'

const collection = { name: 'docs', metric: 'cosine' } as const

async function* batches(count = 4): AsyncGenerator<BackupBatch> {
  for (let index = 0; index < count; index++) {
    yield { records: [{ id: `r${index}`, vector: Float32Array.of(1, index) }] }
  }
}

function open(options: FaultPlanOptions): {
  readonly backups: MemoryBackups
  readonly plan: FaultPlan
  readonly repository: BackupRepository
} {
  const backups: MemoryBackups = new Map()
  const plan = new FaultPlan(options)
  return { backups, plan, repository: withFaults(new MemoryBackupRepository(backups), plan) }
}

/** A repository that tells what it had read of a backup, and whether it got to clean up. */
class WatchedRepository extends MemoryBackupRepository {
  readonly events: string[] = []

  override async write(
    source: Parameters<MemoryBackupRepository['write']>[0],
  ): ReturnType<MemoryBackupRepository['write']> {
    try {
      for await (const { records } of source.batches) this.events.push(records[0]?.id ?? '')
      throw new Error('it came to its end')
    } catch (error) {
      this.events.push('cleaned up')
      throw error
    }
  }
}

describe('withFaults on a backup repository', () => {
  it('counts the write, each batch that it reads with the end, and the delete', async () => {
    const { repository, plan } = open({})
    await repository.write({ id: 'b1', collection, batches: batches(2) })
    await repository.get('b1')
    await repository.delete('b1')
    expect(plan.trace).toEqual([
      'backups.write b1',
      'backups.batch b1',
      'backups.batch b1',
      'backups.batch b1',
      'backups.delete b1',
    ])
  })

  it.each<[Fault, number, number]>([
    ['before', 0, 0],
    ['after', 1, 1],
    ['partial', 0, 0],
    ['late', 0, 1],
  ])('a write that fails %s leaves %d backups, and %d at the end', async (fault, now, then) => {
    const { repository, plan, backups } = open({ at: 0, fault })
    const written = repository.write({ id: 'b1', collection, batches: batches() })
    await expect(written).rejects.toMatchObject({ code: 'DIRECTORY_UNUSABLE' })
    expect(backups.size).toBe(now)
    await plan.land()
    expect(backups.size).toBe(then)
    expect(backups.get('b1')?.info.manifest.count ?? 4).toBe(4)
  })

  it('never lands what could not even be read', async () => {
    const { repository, plan, backups } = open({ at: 0, fault: 'late' })
    async function* failing(): AsyncGenerator<BackupBatch> {
      yield* batches(1)
      throw new Error('the store is away')
    }
    const written = repository.write({ id: 'b1', collection, batches: failing() })
    await expect(written).rejects.toMatchObject({ code: 'DIRECTORY_UNUSABLE' })
    await plan.land()
    expect(backups.size).toBe(0)
  })

  it('fails half-way when a batch does, and the repository cleans up', async () => {
    const plan = new FaultPlan({ at: 3 })
    const watched = new WatchedRepository(new Map())
    const written = withFaults(watched, plan).write({ id: 'b1', collection, batches: batches() })
    await expect(written).rejects.toMatchObject({ code: 'DIRECTORY_UNUSABLE' })
    expect(watched.events).toEqual(['r0', 'r1', 'cleaned up'])
  })

  it.each<[string, FaultPlanOptions]>([
    ['at a batch', { at: 3, crash: true }],
    ['half-way through the write', { at: 0, fault: 'partial', crash: true }],
  ])('does not clean up when the process dies %s', async (_, options) => {
    const plan = new FaultPlan(options)
    const watched = new WatchedRepository(new Map())
    const repository = withFaults(watched, plan)
    const written = repository.write({ id: 'b1', collection, batches: batches() })
    await expect(written).rejects.toThrow(CrashError)
    expect(watched.events).toEqual(['r0', 'r1'])
    await expect(repository.delete('b1')).rejects.toThrow(new CrashError('dead'))
    await expect(repository[Symbol.asyncDispose]()).rejects.toThrow(new CrashError('dead'))
  })

  it('dies of its store, too, and releases what the store had opened', async () => {
    const memory = new MemoryStore()
    await memory.createCollection(collection)
    for await (const { records } of batches()) await memory.putRecords(collection, records)
    const plan = new FaultPlan({ reads: true, at: 4, crash: true })
    const store = withFaults(memory, plan)
    const repository = withFaults(new MemoryBackupRepository(new Map()), plan)
    async function* read(): AsyncGenerator<BackupBatch> {
      for await (const records of store.readRecords(collection, { batchRecordsMax: 1 })) {
        yield { records }
      }
    }
    const written = repository.write({ id: 'b1', collection, batches: read() })
    await expect(written).rejects.toThrow('before store.readRecords docs')
    expect(memory.data.openReads).toBe(0)
  })

  it.each<[Fault, boolean]>([
    ['before', true],
    ['after', false],
    ['partial', true],
    ['late', true],
  ])('a delete that fails %s leaves it: %s', async (fault, left) => {
    const { repository, backups } = open({ at: 6, fault })
    await repository.write({ id: 'b1', collection, batches: batches() })
    await expect(repository.delete('b1')).rejects.toThrow('delete')
    expect(backups.has('b1')).toBe(left)
  })
})
