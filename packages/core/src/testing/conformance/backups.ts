import assert from 'node:assert/strict'
import type { BackupBatch } from '../../backup/backup-repository.ts'
import type { VectorRecord } from '../../model/record.ts'
import {
  assertBackup,
  type BackupScenario,
  batchesOf,
  COLLECTION,
  idsIn,
  stream,
  write,
} from './backup-fixtures.ts'
import { assertRefused, collect, rejection } from './expectations.ts'
import { vectorAt } from './fixtures.ts'

/** Everything that a record can be. */
const VARIED: readonly VectorRecord[] = [
  { id: 'plain', vector: vectorAt(0) },
  { id: 'zeros', vector: Float32Array.of(0, -0, 0, -0) },
  { id: 'extremes', vector: Float32Array.of(3.4e38, -3.4e38, 1e-45, -1e-45) },
  { id: 'thirds', vector: Float32Array.of(1 / 3, 0.1, 1 + 2 ** -23, -0.7) },
  { id: '日本語 👩‍👩‍👧\n"quoted"', vector: vectorAt(1), text: 'e\u0301 \u0000 \u2028' },
  { id: '__proto__', vector: vectorAt(2), metadata: JSON.parse('{"__proto__": {"x": 1}}') },
  { id: 'empty', vector: vectorAt(3), metadata: {}, text: '' },
  {
    id: 'nested',
    vector: vectorAt(4),
    metadata: { list: [1, 'two', null, [true]], deep: { '': { a: 0.1 } }, big: 2 ** 53 - 1 },
  },
  { id: 'long', vector: vectorAt(5), text: 'x'.repeat(50_000) },
]

export const backupScenarios: readonly BackupScenario[] = [
  {
    key: 'backups.empty',
    title: 'a new repository has no backups',
    async run({ repository }) {
      assert.deepEqual(await idsIn(repository), [])
      assert.equal(await repository.get('b1'), undefined)
      await assertRefused(collect(repository.read('b1')), 'BACKUP_NOT_FOUND', 'reading none')
      await assertRefused(repository.check('b1'), 'BACKUP_NOT_FOUND', 'checking none')
      await repository.delete('b1')
    },
  },
  {
    key: 'backups.round-trip',
    title: 'what is read is what was written, to the bit and in order',
    async run({ repository, openAnother }) {
      const batches: BackupBatch[] = [
        { records: VARIED.slice(0, 4), absentIds: ['gone', 'é'] },
        { records: [], absentIds: ['also gone'] },
        { records: VARIED.slice(4) },
      ]
      const another = await openAnother()
      await write(repository, 'b1', batches)
      await assertBackup(repository, 'b1', batches)
      await assertBackup(another, 'b1', batches)
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'backups.info',
    title: 'a backup knows its collection, its size and its time',
    async run({ repository }) {
      const info = await write(repository, 'b1', batchesOf(10, 4))
      assert.deepEqual(await repository.get('b1'), info)
      assert.equal(info.id, 'b1')
      assert.deepEqual(info.collection, COLLECTION)
      assert.equal(info.manifest.count, 10)
      assert.ok(info.sizeBytes > 0 && Number.isInteger(info.sizeBytes), 'sizeBytes')
      assert.ok(Number.isFinite(info.takenAt), 'takenAt')
    },
  },
  {
    key: 'backups.nothing-in-it',
    title: 'a backup of nothing is a backup',
    async run({ repository }) {
      const cases: Record<string, BackupBatch[]> = {
        none: [],
        empty: [{ records: [] }],
        absent: [{ records: [], absentIds: ['a', 'b'] }],
      }
      for (const [id, batches] of Object.entries(cases)) {
        await write(repository, id, batches)
        await assertBackup(repository, id, batches)
      }
    },
  },
  {
    key: 'backups.large',
    title: 'many records in many batches are all there',
    async run({ repository }) {
      const batches = batchesOf(1000, 128)
      await write(repository, 'b1', batches)
      await assertBackup(repository, 'b1', batches)
      for await (const batch of repository.read('b1')) {
        assert.ok(batch.records.length <= 128, 'a batch is larger than any that was written')
      }
    },
  },
  {
    key: 'backups.ids',
    title: 'every id that is allowed is kept to the letter, or refused',
    async run({ repository }) {
      const ids = ['a', '0', 'A-b_c.d', '-', '_', 'a'.repeat(100), 'a.b', 'a..b', '.hidden', '..']
      const written: string[] = []
      for (const id of ids) {
        const result = write(repository, id, batchesOf(1, 1))
        const refused = await result.then(
          () => false,
          () => true,
        )
        if (!refused) written.push(id)
      }
      assert.ok(written.includes('a') && written.includes('A-b_c.d'), 'an ordinary id was refused')
      assert.deepEqual(await idsIn(repository), [...written].sort())
      for (const id of written) await assertBackup(repository, id, batchesOf(1, 1))
    },
  },
  {
    key: 'backups.several',
    title: 'backups that are written at once are all kept, each once',
    async run({ repository }) {
      const ids = Array.from({ length: 12 }, (_, index) => `b${index}`)
      await Promise.all(ids.map((id, index) => write(repository, id, batchesOf(5, 2, index))))
      assert.deepEqual(await idsIn(repository), [...ids].sort())
      for (const [index, id] of ids.entries()) {
        await assertBackup(repository, id, batchesOf(5, 2, index))
      }
    },
  },
  {
    key: 'backups.delete',
    title: 'what is deleted is gone, twice too, and backups of equal records stay',
    async run({ repository }) {
      for (const id of ['b1', 'b2']) await write(repository, id, batchesOf(6, 3))
      for (let round = 0; round < 2; round++) {
        await repository.delete('b1')
        assert.equal(await repository.get('b1'), undefined)
        assert.deepEqual(await idsIn(repository), ['b2'])
        await assertRefused(collect(repository.read('b1')), 'BACKUP_NOT_FOUND', 'reading it')
        await assertBackup(repository, 'b2', batchesOf(6, 3))
      }
    },
  },
  {
    key: 'backups.break-releases',
    title: 'breaking off releases what the read held',
    async run({ repository }) {
      await write(repository, 'b1', batchesOf(20, 5))
      for (let round = 0; round < 40; round++) {
        for await (const _ of repository.read('b1')) break
        for await (const _ of repository.list()) break
      }
      await assertBackup(repository, 'b1', batchesOf(20, 5))
      await repository.delete('b1')
    },
  },
  {
    key: 'backups.aborted-before',
    title: 'an aborted call rejects with the reason itself, and does nothing',
    async run({ repository }) {
      await write(repository, 'b1', batchesOf(4, 2))
      for (const reason of [new Error('enough'), { why: 'not an error' }]) {
        const options = { signal: AbortSignal.abort(reason) }
        const calls: Record<string, () => Promise<unknown>> = {
          write: () => write(repository, 'b2', stream(batchesOf(1, 1)), options),
          get: () => repository.get('b1', options),
          list: () => collect(repository.list(options)),
          read: () => collect(repository.read('b1', options)),
          check: () => repository.check('b1', options),
          delete: () => repository.delete('b1', options),
        }
        for (const [verb, call] of Object.entries(calls)) {
          assert.equal(
            await rejection(call(), verb),
            reason,
            `${verb} rejected with something else`,
          )
        }
      }
      assert.deepEqual(await idsIn(repository), ['b1'])
      await assertBackup(repository, 'b1', batchesOf(4, 2))
    },
  },
  {
    key: 'backups.dispose-twice',
    title: 'backups outlive the instance that wrote them, which can be disposed twice',
    async run({ repository, openAnother }) {
      await write(repository, 'b1', batchesOf(4, 2))
      await repository[Symbol.asyncDispose]()
      await repository[Symbol.asyncDispose]()
      const another = await openAnother()
      await assertBackup(another, 'b1', batchesOf(4, 2))
      await another[Symbol.asyncDispose]()
    },
  },
]
