import assert from 'node:assert/strict'
import {
  append,
  EVENTS,
  idsOf,
  type JournalScenario,
  planned,
  settled,
} from './journal-fixtures.ts'

export const journalSharingScenarios: readonly JournalScenario[] = [
  {
    key: 'sharing.opened-later',
    title: 'a process that opens the journal later sees all of it',
    async run({ journal, openAnother }) {
      await append(journal, 'op-1', planned(), EVENTS.checkpointed, EVENTS.noted, EVENTS.executed)
      await append(journal, 'op-2', planned(), EVENTS.rolledBack, EVENTS.checkpointDropped)
      const another = await openAnother()
      assert.deepEqual(await another.list(), await journal.list())
      assert.deepEqual(await another.listOpen(), await journal.listOpen())
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'sharing.after-dispose',
    title: 'all of it outlives the instance that wrote it, which can be disposed twice',
    async run({ journal, openAnother }) {
      await append(journal, 'op-1', planned(), EVENTS.executed)
      const before = await journal.list()
      await journal[Symbol.asyncDispose]()
      await journal[Symbol.asyncDispose]()
      const another = await openAnother()
      assert.deepEqual(await another.list(), before)
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'sharing.seen-when-acquired',
    title: 'what another process appended is seen once a lease is held',
    async run(open) {
      const { journal, openAnother } = open
      const another = await openAnother()
      for (const [index, [writer, reader]] of (
        [
          [journal, another],
          [another, journal],
          [journal, another],
        ] as const
      ).entries()) {
        await append(writer, `op-${index}`, planned({ plan: { index } }))
        const acquired = reader.acquire(['docs'], { waitMs: 1000 })
        const lease = await settled(open, acquired, 'acquiring a free resource')
        assert.equal((await reader.list()).length, index + 1)
        assert.deepEqual((await reader.get(`op-${index}`))?.plan, { index })
        await lease[Symbol.asyncDispose]()
      }
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'sharing.turns',
    title: 'two processes that write in turns lose nothing',
    async run(open) {
      const { journal, openAnother } = open
      const another = await openAnother()
      const expected: string[] = []
      for (let round = 0; round < 10; round++) {
        const writer = round % 2 === 0 ? journal : another
        const acquired = writer.acquire(['docs'], { waitMs: 1000 })
        const lease = await settled(open, acquired, 'acquiring a free resource')
        await append(writer, `op-${round}`, planned(), EVENTS.executed)
        await lease[Symbol.asyncDispose]()
        expected.push(`op-${round}`)
      }
      const third = await openAnother()
      assert.deepEqual(idsOf(await third.list()), expected)
      for (const operation of await third.list()) assert.equal(operation.state, 'executed')
      await another[Symbol.asyncDispose]()
      await third[Symbol.asyncDispose]()
    },
  },
]
