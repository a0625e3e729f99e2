import assert from 'node:assert/strict'
import { assertBackup, type BackupScenario, batchesOf, idsIn, write } from './backup-fixtures.ts'
import { assertRefused, collect } from './expectations.ts'

export const backupDamageScenarios: readonly BackupScenario[] = (['flip', 'cut'] as const).map(
  (how) => ({
    key: `damage.${how}`,
    title:
      how === 'flip'
        ? 'a changed byte is noticed, and spoils no other backup'
        : 'a lost end is noticed, and spoils no other backup',
    async run({ repository, openAnother, damage }) {
      await write(repository, 'b1', batchesOf(40, 10))
      await write(repository, 'b2', batchesOf(30, 10, 500))
      await damage('b1', how)
      const another = await openAnother()
      for (const reader of [repository, another]) {
        await assertRefused(collect(reader.read('b1')), 'BACKUP_DAMAGED', 'reading it')
        await assertRefused(reader.check('b1'), 'BACKUP_DAMAGED', 'checking it')
        await reader.check('b2')
        await assertBackup(reader, 'b2', batchesOf(30, 10, 500))
      }
      await another[Symbol.asyncDispose]()
      await write(repository, 'b1', batchesOf(20, 10))
      await assertBackup(repository, 'b1', batchesOf(20, 10))
      await repository.delete('b1')
      assert.deepEqual(await idsIn(repository), ['b2'])
    },
  }),
)
