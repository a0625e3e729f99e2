import assert from 'node:assert/strict'
import type { Journal, Lease } from '../../journal/journal.ts'
import { begun, rejection } from './expectations.ts'
import {
  append,
  assertBusy,
  assertBusyAtOnce,
  isPending,
  type JournalScenario,
  planned,
  settled,
} from './journal-fixtures.ts'

const NOW = { waitMs: 0 }
const LONG = { waitMs: 60_000 }

export const journalLeaseScenarios: readonly JournalScenario[] = [
  {
    key: 'leases.exclusive',
    title: 'nobody gets what somebody holds, until it is released',
    async run(open) {
      const { journal } = open
      const lease = await journal.acquire(['docs', 'papers'], NOW)
      assert.deepEqual([...lease.resources].sort(), ['docs', 'papers'])
      await assertBusyAtOnce(open, journal.acquire(['docs'], NOW), 'a held resource')
      await assertBusyAtOnce(
        open,
        journal.acquire(['other', 'papers'], NOW),
        'a held resource among others',
      )
      await release(lease)
      await release(await journal.acquire(['docs', 'other'], NOW))
    },
  },
  {
    key: 'leases.between-processes',
    title: 'nor what another process holds',
    async run(open) {
      const { journal, openAnother } = open
      const another = await openAnother()
      for (const [holder, asker] of [
        [journal, another],
        [another, journal],
      ] as const) {
        const held = begun(holder.acquire(['docs'], LONG))
        const lease = await settled(open, held, 'acquiring a free resource')
        const attempt = begun(asker.acquire(['docs'], NOW))
        await assertBusyAtOnce(open, attempt, 'what another process holds')
        await release(lease)
      }
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'leases.disjoint',
    title: 'different resources are held side by side in one process',
    async run({ journal }) {
      const leases = await Promise.all(
        ['docs', 'papers', 'notes'].map((resource) => journal.acquire([resource], NOW)),
      )
      await append(journal, 'op-1', planned())
      for (const lease of leases) await release(lease)
    },
  },
  {
    key: 'leases.waits',
    title: 'who waits gets it when it is released',
    async run(open) {
      const { journal } = open
      const lease = await journal.acquire(['docs'], NOW)
      const waiting = begun(journal.acquire(['docs'], LONG))
      assert.ok(await isPending(open, waiting), 'it was given although somebody held it')
      await release(lease)
      await release(await settled(open, waiting, 'waiting for a released resource'))
    },
  },
  {
    key: 'leases.waits-between-processes',
    title: 'so does who waits in another process, and sees what was appended meanwhile',
    async run(open) {
      const { journal, openAnother } = open
      const another = await openAnother()
      const lease = await journal.acquire(['docs'], NOW)
      const waiting = begun(another.acquire(['docs'], LONG))
      assert.ok(await isPending(open, waiting), 'it was given although somebody held it')
      await append(journal, 'op-1', planned())
      await release(lease)
      const next = await settled(open, waiting, 'waiting for a released resource')
      assert.equal((await another.get('op-1'))?.state, 'planned')
      await release(next)
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'leases.order',
    title: 'those who wait are served in the order in which they came',
    async run(open) {
      const { journal } = open
      const held = await journal.acquire(['docs'], NOW)
      const served: number[] = []
      const waiting = [0, 1, 2, 3].map(async (index) => {
        const lease = await journal.acquire(['docs'], LONG)
        served.push(index)
        await release(lease)
      })
      await release(held)
      await settled(open, begun(Promise.all(waiting)), 'four who wait in line')
      assert.deepEqual(served, [0, 1, 2, 3])
    },
  },
  {
    key: 'leases.no-starvation',
    title: 'who wants several is not overtaken by those who want one of them',
    async run(open) {
      const { journal } = open
      const docs = await journal.acquire(['docs'], NOW)
      const both = begun(journal.acquire(['docs', 'papers'], LONG))
      assert.ok(await isPending(open, both), 'it was given although somebody held a part of it')
      await assertBusyAtOnce(open, journal.acquire(['papers'], NOW), 'what somebody waits for')
      await release(docs)
      await release(await settled(open, both, 'waiting for two resources'))
    },
  },
  {
    key: 'leases.busy',
    title: 'who has waited long enough is told, and holds nothing',
    async run(open) {
      const { journal, passTime } = open
      const lease = await journal.acquire(['docs'], NOW)
      const waiting = begun(journal.acquire(['papers', 'docs'], { waitMs: 1000 }))
      const told = begun(assertBusy(waiting, 'a wait of 1,000 ms'))
      assert.ok(await isPending(open, waiting), 'it gave up before its time')
      await passTime(1000)
      await settled(open, told, 'a wait of 1,000 ms')
      await release(await journal.acquire(['papers'], NOW))
      await release(lease)
      await release(await journal.acquire(['docs'], NOW))
    },
  },
  {
    key: 'leases.busy-between-processes',
    title: 'so is who has waited for another process',
    async run(open) {
      const { journal, openAnother, passTime } = open
      const another = await openAnother()
      const lease = await journal.acquire(['docs'], NOW)
      const told = begun(
        assertBusy(another.acquire(['docs'], { waitMs: 1000 }), 'a wait of 1,000 ms'),
      )
      await passTime(1000)
      await settled(open, told, 'a wait of 1,000 ms')
      await release(lease)
      const freed = begun(another.acquire(['docs'], LONG))
      await release(await settled(open, freed, 'acquiring a free resource'))
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'leases.abort',
    title: 'an abort ends the wait with its reason, and the next in line is served',
    run: async (open) => abortWaiting(open.journal, open),
  },
  {
    key: 'leases.abort-between-processes',
    title: 'an abort ends the wait for another process, too',
    async run(open) {
      const another = await open.openAnother()
      const lease = await open.journal.acquire(['docs'], NOW)
      const controller = new AbortController()
      const reason = new Error('enough')
      const waiting = begun(another.acquire(['docs'], { ...LONG, signal: controller.signal }))
      const ended = begun(rejection(waiting, 'an aborted wait'))
      assert.ok(await isPending(open, waiting), 'it was given although somebody held it')
      controller.abort(reason)
      assert.equal(await settled(open, ended, 'an aborted wait'), reason)
      await release(lease)
      const freed = begun(another.acquire(['docs'], LONG))
      await release(await settled(open, freed, 'acquiring a free resource'))
      await another[Symbol.asyncDispose]()
    },
  },
  {
    key: 'leases.aborted-before',
    title: 'an aborted call rejects with the reason itself, and holds nothing',
    async run({ journal }) {
      const reason = { why: 'not an error' }
      const attempt = begun(
        journal.acquire(['docs'], { ...NOW, signal: AbortSignal.abort(reason) }),
      )
      assert.equal(await rejection(attempt, 'an aborted call'), reason)
      await release(await journal.acquire(['docs'], NOW))
    },
  },
  {
    key: 'leases.release-twice',
    title: 'releasing twice is fine, and takes nothing from who holds it by then',
    async run(open) {
      const { journal } = open
      const first = await journal.acquire(['docs'], NOW)
      await release(first)
      const second = await journal.acquire(['docs'], NOW)
      await release(first)
      await assertBusyAtOnce(open, journal.acquire(['docs'], NOW), 'what the second holds')
      await release(second)
      await release(second)
    },
  },
  {
    key: 'leases.same-twice',
    title: 'who names a resource twice does not wait for himself',
    async run(open) {
      const { journal } = open
      const lease = await journal.acquire(['docs', 'docs'], NOW)
      await assertBusyAtOnce(open, journal.acquire(['docs'], NOW), 'a held resource')
      await release(lease)
      await release(await journal.acquire(['docs'], NOW))
    },
  },
]

async function abortWaiting(journal: Journal, open: Parameters<typeof settled>[0]): Promise<void> {
  const lease = await journal.acquire(['docs'], NOW)
  const controller = new AbortController()
  const reason = new Error('enough')
  const waiting = begun(journal.acquire(['docs'], { ...LONG, signal: controller.signal }))
  const ended = begun(rejection(waiting, 'an aborted wait'))
  const next = begun(journal.acquire(['docs'], LONG))
  assert.ok(await isPending(open, waiting), 'it was given although somebody held it')
  controller.abort(reason)
  assert.equal(await settled(open, ended, 'an aborted wait'), reason)
  assert.ok(await isPending(open, next), 'the next was served while the first still held it')
  await release(lease)
  await release(await settled(open, next, 'the next in line'))
}

function release(lease: Lease): Promise<void> {
  return Promise.resolve(lease[Symbol.asyncDispose]())
}
