import assert from 'node:assert/strict'
import type { BackupBatch } from '../../backup/backup-repository.ts'
import { assertBackup, type BackupScenario, batchesOf, idsIn, write } from './backup-fixtures.ts'
import { rejection } from './expectations.ts'

const OLD = batchesOf(6, 3)
const NEW = batchesOf(8, 2, 100)

/** Batches with something that happens before each of them and at the end. */
async function* interleaved(
  batches: readonly BackupBatch[],
  between: (index: number) => Promise<void> | void,
): AsyncGenerator<BackupBatch> {
  for (const [index, batch] of batches.entries()) {
    await between(index)
    yield batch
  }
  await between(batches.length)
}

export const backupReplaceScenarios: readonly BackupScenario[] = [
  {
    key: 'writing.unlisted-until-done',
    title: 'while it is written, a backup is not there for anybody',
    async run({ repository, openAnother }) {
      const another = await openAnother()
      const assertNone = async (): Promise<void> => {
        for (const reader of [repository, another]) {
          assert.deepEqual(await idsIn(reader), [])
          assert.equal(await reader.get('b1'), undefined)
        }
      }
      await write(repository, 'b1', interleaved(NEW, assertNone))
      for (const reader of [repository, another]) await assertBackup(reader, 'b1', NEW)
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'writing.one-at-a-time',
    title: 'the next batch is asked for when the one before is taken care of, and not twice',
    async run({ repository }) {
      let asked = 0
      let running = 0
      const batches = NEW.entries()
      const source: AsyncIterable<BackupBatch> = {
        [Symbol.asyncIterator]: () => ({
          async next() {
            asked++
            assert.equal(++running, 1, 'two batches were asked for at once')
            await new Promise((resolve) => setImmediate(resolve))
            running--
            const step = batches.next()
            return step.done
              ? { done: true, value: undefined }
              : { done: false, value: step.value[1] }
          },
        }),
      }
      await write(repository, 'b1', source)
      assert.equal(asked, NEW.length + 1, 'how often a batch was asked for')
      await assertBackup(repository, 'b1', NEW)
    },
  },
  {
    key: 'writing.source-fails',
    title: 'a source that fails passes its error on and leaves nothing, wherever it fails',
    async run({ repository }) {
      for (let failing = 0; failing <= NEW.length; failing++) {
        const failure = new Error(`failure ${failing}`)
        const source = interleaved(NEW, (index) => {
          if (index === failing) throw failure
        })
        assert.equal(await rejection(write(repository, 'b1', source), 'the write'), failure)
        assert.deepEqual(await idsIn(repository), [])
        assert.equal(await repository.get('b1'), undefined)
      }
      await write(repository, 'b1', NEW)
      await assertBackup(repository, 'b1', NEW)
    },
  },
  {
    key: 'writing.abort',
    title: 'an abort half-way rejects with its reason, leaves nothing, and releases the source',
    async run({ repository }) {
      const controller = new AbortController()
      const reason = new Error('enough')
      let released = false
      async function* source(): AsyncGenerator<BackupBatch> {
        try {
          yield* interleaved(NEW, (index) => {
            if (index === 2) controller.abort(reason)
          })
        } finally {
          released = true
        }
      }
      const attempt = write(repository, 'b1', source(), { signal: controller.signal })
      assert.equal(await rejection(attempt, 'the aborted write'), reason)
      assert.ok(released, 'the source was left open')
      assert.deepEqual(await idsIn(repository), [])
    },
  },
  {
    key: 'writing.replace',
    title: 'a backup that is written again is the new one, and is listed once',
    async run({ repository, openAnother }) {
      const another = await openAnother()
      await write(repository, 'b1', OLD)
      await assertBackup(another, 'b1', OLD)
      const info = await write(repository, 'b1', NEW)
      assert.equal(info.manifest.count, 8)
      for (const reader of [repository, another]) await assertBackup(reader, 'b1', NEW)
      await write(repository, 'b1', OLD)
      for (const reader of [repository, another]) await assertBackup(reader, 'b1', OLD)
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'writing.replace-atomic',
    title: 'until it is replaced, the old one is there, whole',
    async run({ repository, openAnother }) {
      const another = await openAnother()
      await write(repository, 'b1', OLD)
      const assertOld = async (): Promise<void> => {
        await assertBackup(repository, 'b1', OLD)
        await assertBackup(another, 'b1', OLD)
      }
      await write(repository, 'b1', interleaved(NEW, assertOld))
      await assertBackup(another, 'b1', NEW)
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'writing.replace-fails',
    title: 'a replacement that fails or is aborted leaves the old one, whole',
    async run({ repository }) {
      await write(repository, 'b1', OLD)
      const failure = new Error('the store is away')
      const failing = interleaved(NEW, (index) => {
        if (index === 3) throw failure
      })
      assert.equal(await rejection(write(repository, 'b1', failing), 'the write'), failure)
      await assertBackup(repository, 'b1', OLD)
      const controller = new AbortController()
      const aborting = interleaved(NEW, (index) => {
        if (index === 3) controller.abort(failure)
      })
      const { signal } = controller
      const attempt = write(repository, 'b1', aborting, { signal })
      assert.equal(await rejection(attempt, 'the aborted write'), failure)
      await assertBackup(repository, 'b1', OLD)
    },
  },
]
