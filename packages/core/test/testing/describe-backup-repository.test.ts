import { describe, expect, it } from 'vitest'
import type { BackupBatch, BackupRepository } from '../../src/backup/backup-repository.ts'
import { describeBackupRepository } from '../../src/testing/describe-backup-repository.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import { withFaults } from '../../src/testing/with-faults.ts'
import { CollectingRunner } from './collecting-runner.ts'
import {
  MemoryBackupRepository,
  type MemoryBackups,
  openMemoryBackupRepository,
  type StoredBackup,
} from './memory-backup-repository.ts'

const runner = { describe, it, itFails: it.fails }

describeBackupRepository({ name: 'memory', runner, open: () => openMemoryBackupRepository() })

describeBackupRepository({
  name: 'memory, behind faults that never come',
  runner,
  open: () =>
    openMemoryBackupRepository((backups) =>
      withFaults(new MemoryBackupRepository(backups), new FaultPlan({ reads: true })),
    ),
})

type Make = (sound: MemoryBackupRepository, backups: MemoryBackups) => Partial<BackupRepository>

/** What is written goes through `change`. */
function rewriting(change: (batch: BackupBatch) => BackupBatch): Make {
  return (sound) => ({
    write: (source, options) =>
      sound.write({ ...source, batches: changed(source.batches) }, options),
  })
  async function* changed(batches: AsyncIterable<BackupBatch>): AsyncIterable<BackupBatch> {
    for await (const batch of batches) yield change(batch)
  }
}

const broken: Readonly<Record<string, readonly [caughtBy: readonly string[], make: Make]>> = {
  'vectors that went through JSON': [
    ['backups.round-trip'],
    rewriting((batch) => ({
      ...batch,
      records: batch.records.map((record) => ({
        ...record,
        vector: Float32Array.from(JSON.parse(JSON.stringify([...record.vector])) as number[]),
      })),
    })),
  ],
  'ids that did not exist, forgotten': [
    ['backups.round-trip', 'backups.nothing-in-it'],
    rewriting(({ records }) => ({ records })),
  ],
  'an empty text that is taken for none': [
    ['backups.round-trip'],
    rewriting((batch) => ({
      ...batch,
      records: batch.records.map(({ text, ...record }) => (text ? { ...record, text } : record)),
    })),
  ],
  'records in the order of their ids': [
    ['backups.round-trip', 'backups.large'],
    rewriting((batch) => ({
      ...batch,
      records: [...batch.records].sort((a, b) => (a.id < b.id ? -1 : 1)),
    })),
  ],
  'a last batch that is lost': [
    ['backups.round-trip', 'backups.large', 'writing.replace'],
    (sound, backups) => ({
      async write(source, options) {
        const info = await sound.write(source, options)
        backups.get(source.id)?.batches.pop()
        return info
      },
    }),
  ],
  'a read in one piece': [
    ['backups.large'],
    (sound) => ({
      async *read(id, options) {
        const records = []
        const absentIds = []
        for await (const batch of sound.read(id, options)) {
          records.push(...batch.records)
          absentIds.push(...(batch.absentIds ?? []))
        }
        yield { records, absentIds }
      },
    }),
  ],
  'a backup that is listed before it is whole': [
    ['writing.unlisted-until-done', 'writing.replace-atomic'],
    (sound, backups) => ({
      async write(source, options) {
        options?.signal?.throwIfAborted()
        const manifest = { count: 0, digest: '' }
        const { id, collection } = source
        const info = { id, collection, manifest, sizeBytes: 0, takenAt: 0 }
        backups.set(id, { info, batches: [] })
        return sound.write(source, options)
      },
    }),
  ],
  'a replacement that deletes first': [
    ['writing.replace-atomic', 'writing.replace-fails'],
    (sound) => ({
      async write(source, options) {
        await sound.delete(source.id, options)
        return sound.write(source, options)
      },
    }),
  ],
  'a failed write that leaves what it had': [
    ['writing.source-fails', 'writing.abort'],
    (sound, backups) => ({
      async write(source, options) {
        options?.signal?.throwIfAborted()
        const stored: StoredBackup = {
          info: { ...(await sound.write({ ...source, id: 'x', batches: none() })), id: source.id },
          batches: [],
        }
        backups.delete('x')
        try {
          return await sound.write(source, options)
        } catch (error) {
          backups.set(source.id, stored)
          throw error
        }
      },
    }),
  ],
  'a failure in other words': [
    ['writing.source-fails', 'writing.abort', 'backups.aborted-before'],
    (sound) => ({
      write: (source, options) =>
        sound.write(source, options).catch((cause: unknown) => {
          throw new Error('the write failed', { cause })
        }),
    }),
  ],
  'an abort that is not heard': [
    ['writing.abort', 'backups.aborted-before'],
    (sound) => ({ write: (source) => sound.write(source) }),
  ],
  'a source that is read ahead': [
    ['writing.one-at-a-time'],
    (sound) => ({
      async write(source, options) {
        options?.signal?.throwIfAborted()
        const iterator = source.batches[Symbol.asyncIterator]()
        const steps = await Promise.all([iterator.next(), iterator.next()])
        const first = steps.flatMap((step) => (step.done ? [] : [step.value]))
        async function* batches(): AsyncIterable<BackupBatch> {
          yield* first
          for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
            yield step.value
          }
        }
        return sound.write({ ...source, batches: batches() }, options)
      },
    }),
  ],
  'a source that is left open': [
    ['writing.abort'],
    (sound) => ({
      write(source, options) {
        const iterator = source.batches[Symbol.asyncIterator]()
        const batches = { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }
        return sound.write({ ...source, batches }, options)
      },
    }),
  ],
  'a read of nothing that is empty': [
    ['backups.empty', 'backups.delete'],
    (sound, backups) => ({
      async *read(id, options) {
        options?.signal?.throwIfAborted()
        if (backups.has(id)) yield* sound.read(id, options)
      },
    }),
  ],
  'a delete that fails when there is none': [
    ['backups.empty', 'backups.delete'],
    (sound, backups) => ({
      async delete(id, options) {
        if (!backups.has(id)) throw new Error('no such backup')
        await sound.delete(id, options)
      },
    }),
  ],
  'a delete that takes equal records along': [
    ['backups.delete'],
    (_, backups) => ({
      async delete(id, options) {
        options?.signal?.throwIfAborted()
        const digest = backups.get(id)?.info.manifest.digest
        for (const [other, { info, batches }] of backups) {
          if (info.manifest.digest === digest) batches.splice(0)
          if (other === id) backups.delete(other)
        }
      },
    }),
  ],
  'damage that only a read notices': [
    ['damage.flip', 'damage.cut', 'backups.empty'],
    () => ({
      async check(_, options) {
        options?.signal?.throwIfAborted()
      },
    }),
  ],
  'damage that is not noticed': [
    ['damage.flip', 'damage.cut'],
    (_, backups) => ({
      async *read(id, options) {
        options?.signal?.throwIfAborted()
        yield* backups.get(id)?.batches ?? []
      },
    }),
  ],
}

async function* none(): AsyncIterable<BackupBatch> {}

describe('describeBackupRepository', () => {
  it.each(Object.entries(broken))('catches %s', async (name, [caughtBy, make]) => {
    const collecting = new CollectingRunner()
    const open = () =>
      openMemoryBackupRepository((backups) => {
        const sound = new MemoryBackupRepository(backups)
        return Object.assign(new MemoryBackupRepository(backups), make(sound, backups))
      })
    describeBackupRepository({ name, runner: collecting, open })
    const failures = await collecting.failures()
    expect([...failures.keys()]).toEqual(expect.arrayContaining([...caughtBy]))
  })

  it('gives each scenario a key of its own', () => {
    const collecting = new CollectingRunner()
    const open = () => openMemoryBackupRepository()
    describeBackupRepository({ name: 'sound', runner: collecting, open })
    expect(new Set(collecting.keys).size).toBe(collecting.keys.length)
    for (const key of collecting.keys) expect(key).toMatch(/^[a-z]+\.[a-z-]+$/u)
  })
})
