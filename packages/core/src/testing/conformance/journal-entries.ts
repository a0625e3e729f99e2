import assert from 'node:assert/strict'
import type { JournalEvent } from '../../journal/journal.ts'
import type { JsonValue } from '../../model/record.ts'
import {
  append,
  CHECKPOINT,
  EVENTS,
  entryOf,
  getOperation,
  idsOf,
  type JournalScenario,
  planned,
  VERIFICATION,
} from './journal-fixtures.ts'

const PLANS: readonly JsonValue[] = [
  null,
  '',
  'é 日本語 👩‍👩‍👧 \u0000 \u2028 "quoted"\n',
  -0.1,
  2 ** 53 - 1,
  [],
  {},
  [[{ deep: [null, true] }]],
  { '': 'empty key', 'key\nwith break': 1 },
]

export const journalEntryScenarios: readonly JournalScenario[] = [
  {
    key: 'entries.empty',
    title: 'a new journal knows of nothing',
    async run({ journal }) {
      assert.equal(await journal.get('op-1'), undefined)
      assert.equal(await journal.findByIdempotencyKey('key'), undefined)
      assert.deepEqual(await journal.list(), [])
      assert.deepEqual(await journal.listOpen(), [])
    },
  },
  {
    key: 'entries.fold',
    title: 'entries add up to the state of their operation',
    async run({ journal }) {
      const idempotency = { key: 'k', inputDigest: 'd' }
      const head = planned({ idempotency, keepForMs: 5000, actor: 'ada' })
      const start = entryOf('op-1', head)
      const end = entryOf('op-1', EVENTS.committed)
      const lease = await journal.acquire(['docs'], { waitMs: 0 })
      await journal.append(start)
      const { type: _, at: startedAt, ...rest } = start as typeof start & { type: 'planned' }
      const base = { ...rest, startedAt, updatedAt: startedAt, notes: [], state: 'planned' }
      assert.deepEqual(await journal.get('op-1'), base)
      const steps: readonly (readonly [JournalEvent, object])[] = [
        [EVENTS.checkpointed, { state: 'checkpointed', checkpoint: CHECKPOINT }],
        [EVENTS.noted, { notes: [{ created: 'c2' }] }],
        [{ type: 'noted', note: { more: [1] } }, { notes: [{ created: 'c2' }, { more: [1] }] }],
        [EVENTS.executed, { state: 'executed' }],
        [EVENTS.verified, { state: 'verified', verification: VERIFICATION }],
      ]
      let expected: object = base
      for (const [event, change] of steps) {
        const entry = entryOf('op-1', event)
        await journal.append(entry)
        expected = { ...expected, ...change, updatedAt: entry.at }
        assert.deepEqual(await journal.get('op-1'), expected, `after ${event.type}`)
      }
      await journal.append(end)
      await lease[Symbol.asyncDispose]()
      const { result, durationsMs } = EVENTS.committed
      const ends = { endedAt: end.at, updatedAt: end.at }
      const last = { state: 'committed', ...ends, result, durationsMs }
      assert.deepEqual(await journal.get('op-1'), { ...expected, ...last })
    },
  },
  {
    key: 'entries.ends',
    title: 'what was rolled back or abandoned has ended, and says why',
    async run({ journal }) {
      await append(journal, 'op-1', planned(), EVENTS.rolledBack)
      await append(journal, 'op-2', planned(), EVENTS.parked, EVENTS.abandoned)
      const [first, second] = await journal.list()
      assert.equal(first?.state, 'rolled-back')
      assert.equal(first?.reason, EVENTS.rolledBack.reason)
      assert.equal(second?.state, 'abandoned')
      assert.equal(second?.reason, EVENTS.abandoned.reason)
      assert.equal(second?.parked ?? false, false)
      assert.ok(first?.endedAt !== undefined && first.endedAt > first.startedAt)
      assert.deepEqual(await journal.listOpen(), [])
    },
  },
  {
    key: 'entries.parked',
    title: 'what was parked is open, says why, and can still end',
    async run({ journal }) {
      await append(journal, 'op-1', planned(), EVENTS.executed, EVENTS.verified, EVENTS.parked)
      const parked = await getOperation(journal, 'op-1')
      assert.equal(parked.state, 'verified')
      assert.equal(parked.parked, true)
      assert.equal(parked.reason, EVENTS.parked.reason)
      assert.deepEqual(idsOf(await journal.listOpen()), ['op-1'])
      await append(journal, 'op-1', EVENTS.committed)
      const ended = await getOperation(journal, 'op-1')
      assert.equal(ended.state, 'committed')
      assert.equal(ended.parked ?? false, false)
    },
  },
  {
    key: 'entries.after-end',
    title: 'entries that come after the last one change nothing',
    async run({ journal }) {
      const { checkpointDropped: _, ...late } = EVENTS
      const ends = [EVENTS.committed, EVENTS.rolledBack, EVENTS.abandoned]
      for (const [index, end] of ends.entries()) {
        const id = `op-${index}`
        await append(journal, id, planned(), EVENTS.checkpointed, end)
        const ended = await getOperation(journal, id)
        await append(journal, id, planned({ kind: 'other' }), ...Object.values(late))
        assert.deepEqual(await journal.get(id), ended)
      }
      assert.deepEqual(await journal.listOpen(), [])
    },
  },
  {
    key: 'entries.checkpoint-dropped',
    title: 'that its backups are gone is told after the end',
    async run({ journal }) {
      await append(journal, 'op-1', planned(), EVENTS.checkpointed, EVENTS.committed)
      assert.equal((await getOperation(journal, 'op-1')).checkpointDropped ?? false, false)
      await append(journal, 'op-1', EVENTS.checkpointDropped)
      const dropped = await getOperation(journal, 'op-1')
      assert.equal(dropped.checkpointDropped, true)
      assert.equal(dropped.state, 'committed')
    },
  },
  {
    key: 'entries.unplanned',
    title: 'entries of an operation that was never planned are ignored',
    async run({ journal }) {
      await append(journal, 'op-1', EVENTS.checkpointed, EVENTS.executed, EVENTS.committed)
      assert.equal(await journal.get('op-1'), undefined)
      assert.deepEqual(await journal.list(), [])
      assert.deepEqual(await journal.listOpen(), [])
    },
  },
  {
    key: 'entries.never-back',
    title: 'a late entry takes no operation back to an earlier state',
    async run({ journal }) {
      await append(journal, 'op-1', planned(), EVENTS.executed, EVENTS.verified)
      await append(journal, 'op-1', EVENTS.checkpointed, EVENTS.executed)
      assert.equal((await getOperation(journal, 'op-1')).state, 'verified')
    },
  },
  {
    key: 'entries.order',
    title: 'operations are listed oldest first, those that have not ended apart',
    async run({ journal }) {
      for (const id of ['op-2', 'op-10', 'op-1']) await append(journal, id, planned())
      await append(journal, 'op-10', EVENTS.rolledBack)
      await append(journal, 'op-3', planned())
      assert.deepEqual(idsOf(await journal.list()), ['op-2', 'op-10', 'op-1', 'op-3'])
      assert.deepEqual(idsOf(await journal.listOpen()), ['op-2', 'op-1', 'op-3'])
    },
  },
  {
    key: 'entries.values',
    title: 'plans and notes come back as they were, here and in another process',
    async run({ journal, openAnother }) {
      for (const [index, plan] of PLANS.entries()) {
        await append(journal, `op-${index}`, planned({ plan }), {
          type: 'noted',
          note: { plan },
        })
      }
      const another = await openAnother()
      for (const source of [journal, another]) {
        for (const [index, plan] of PLANS.entries()) {
          const operation = await getOperation(source, `op-${index}`)
          assert.deepEqual(operation.plan, plan)
          assert.deepEqual(operation.notes, [{ plan }])
        }
      }
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'entries.large',
    title: 'an entry may be large',
    async run({ journal, openAnother }) {
      const ids = Array.from({ length: 20_000 }, (_, index) => `record-${index}-é`)
      await append(journal, 'op-1', planned({ plan: { ids } }))
      await append(journal, 'op-2', planned())
      const another = await openAnother()
      assert.deepEqual((await getOperation(another, 'op-1')).plan, { ids })
      assert.deepEqual(idsOf(await another.list()), ['op-1', 'op-2'])
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'entries.no-aliasing',
    title: 'what the caller changes afterwards does not change the journal',
    async run({ journal }) {
      const plan = { collection: 'docs' }
      await append(journal, 'op-1', planned({ plan }))
      plan.collection = 'changed'
      assert.deepEqual((await getOperation(journal, 'op-1')).plan, { collection: 'docs' })
    },
  },
  {
    key: 'entries.idempotency',
    title: 'a key finds the latest operation that was not rolled back',
    async run({ journal }) {
      const keyed = (inputDigest: string): JournalEvent =>
        planned({ idempotency: { key: 'k', inputDigest } })
      const found = async (): Promise<string | undefined> =>
        (await journal.findByIdempotencyKey('k'))?.operationId
      await append(journal, 'op-0', planned({ idempotency: { key: 'other', inputDigest: 'd' } }))
      assert.equal(await found(), undefined)
      await append(journal, 'op-1', keyed('d1'), EVENTS.committed)
      assert.equal(await found(), 'op-1')
      await append(journal, 'op-2', keyed('d2'))
      assert.equal(await found(), 'op-2')
      await append(journal, 'op-2', EVENTS.rolledBack)
      assert.equal(await found(), 'op-1')
      await append(journal, 'op-3', keyed('d3'), EVENTS.verified, EVENTS.committed)
      assert.equal(await found(), 'op-3')
      assert.deepEqual((await journal.findByIdempotencyKey('k'))?.idempotency, {
        key: 'k',
        inputDigest: 'd3',
      })
    },
  },
]
