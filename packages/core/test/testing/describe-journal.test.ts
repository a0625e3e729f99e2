import { describe, expect, it } from 'vitest'
import { isEnded, type Journal, type JournalEntry, type Lease } from '../../src/journal/journal.ts'
import { ResourceQueue } from '../../src/journal/resource-queue.ts'
import { describeJournal } from '../../src/testing/describe-journal.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import type { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { withFaults } from '../../src/testing/with-faults.ts'
import { CollectingRunner } from './collecting-runner.ts'
import { MemoryJournal, type MemoryJournalData, openMemoryJournal } from './memory-journal.ts'

const runner = { describe, it, itFails: it.fails }

describeJournal({ name: 'memory', runner, open: () => openMemoryJournal() })

describeJournal({
  name: 'memory, behind faults that never come',
  runner,
  open: () =>
    openMemoryJournal((data) =>
      withFaults(new MemoryJournal(data), new FaultPlan({ reads: true })),
    ),
})

type Make = (
  sound: MemoryJournal,
  data: MemoryJournalData,
  clock: SimulatedClock,
) => Partial<Journal>

const brokenJournals: Readonly<Record<string, readonly [caughtBy: readonly string[], make: Make]>> =
  {
    'entries after the last one that are believed': [
      ['entries.after-end'],
      (sound, data) => ({
        async get(operationId) {
          const operation = await sound.get(operationId)
          const late = data.entries.some(
            (one) => one.operationId === operationId && one.type === 'rolled-back',
          )
          return operation && late ? { ...operation, state: 'rolled-back' } : operation
        },
      }),
    ],
    'entries of what was never planned that are believed': [
      ['entries.unplanned'],
      (sound, data) => ({
        async listOpen() {
          const strangers = data.entries.filter(({ type }) => type === 'executed')
          return [...(await sound.listOpen()), ...(strangers as never[])]
        },
      }),
    ],
    'a key that finds what was rolled back': [
      ['entries.idempotency'],
      (sound) => ({
        findByIdempotencyKey: async (key) =>
          (await sound.list()).filter((one) => one.idempotency?.key === key).at(-1),
      }),
    ],
    'a key that finds the first': [
      ['entries.idempotency'],
      (sound) => ({
        findByIdempotencyKey: async (key) =>
          (await sound.list()).find(
            (one) => one.idempotency?.key === key && one.state !== 'rolled-back',
          ),
      }),
    ],
    'a list in the order of the ids': [
      ['entries.order'],
      (sound) => ({
        list: async () =>
          [...(await sound.list())].sort((a, b) => (a.operationId < b.operationId ? -1 : 1)),
      }),
    ],
    'an open list with what was parked left out': [
      ['entries.parked'],
      (sound) => ({
        listOpen: async () => (await sound.list()).filter((one) => !isEnded(one) && !one.parked),
      }),
    ],
    'a last note that replaces the others': [
      ['entries.fold'],
      (sound) => ({
        async get(operationId) {
          const operation = await sound.get(operationId)
          return operation && { ...operation, notes: operation.notes.slice(-1) }
        },
      }),
    ],
    'entries that are kept as they were given': [
      ['entries.no-aliasing'],
      (_, data) => ({
        async append(entry) {
          data.entries.push(entry)
        },
      }),
    ],
    'entries that stay in the process': [
      ['sharing.opened-later', 'sharing.after-dispose', 'sharing.turns', 'entries.values'],
      (_, data) => {
        const own = new MemoryJournal({ entries: [], queue: data.queue })
        return {
          append: (entry) => own.append(entry),
          list: () => own.list(),
          listOpen: () => own.listOpen(),
          get: (id) => own.get(id),
        }
      },
    ],
    'entries that are read when the journal is opened, and never again': [
      ['sharing.seen-when-acquired', 'leases.waits-between-processes'],
      (_, data) => {
        const seen = new MemoryJournal({ entries: [...data.entries], queue: data.queue })
        return {
          async append(entry: JournalEntry) {
            data.entries.push(structuredClone(entry))
            await seen.append(entry)
          },
          list: () => seen.list(),
          listOpen: () => seen.listOpen(),
          get: (id) => seen.get(id),
        }
      },
    ],
    'leases that bind one process only': [
      ['leases.between-processes', 'leases.waits-between-processes'],
      (_, { entries }, clock) => {
        const alone = new MemoryJournal({ entries, queue: new ResourceQueue(clock) })
        return { acquire: (resources, options) => alone.acquire(resources, options) }
      },
    ],
    'one lease for everything': [
      ['leases.disjoint'],
      (sound) => ({ acquire: (_, options) => sound.acquire(['everything'], options) }),
    ],
    'leases that are taken one by one': [
      ['leases.busy'],
      (sound) => ({
        async acquire(resources, options) {
          const leases: Lease[] = []
          for (const one of [...new Set(resources)])
            leases.push(await sound.acquire([one], options))
          return {
            resources,
            async [Symbol.asyncDispose]() {
              for (const lease of leases) await lease[Symbol.asyncDispose]()
            },
          }
        },
      }),
    ],
    'a lease that nobody waits for': [
      ['leases.waits', 'leases.order', 'leases.abort'],
      (sound) => ({ acquire: (resources) => sound.acquire(resources, { waitMs: 0 }) }),
    ],
    'a wait that does not end': [
      ['leases.busy', 'leases.exclusive'],
      (sound) => ({
        acquire: (resources, options) => sound.acquire(resources, { ...options, waitMs: 1e9 }),
      }),
    ],
    'a wait that does not hear an abort': [
      ['leases.abort', 'leases.aborted-before'],
      (sound) => ({ acquire: (resources, { waitMs }) => sound.acquire(resources, { waitMs }) }),
    ],
    'a release that releases the next holder, too': [
      ['leases.release-twice'],
      (_, { entries }, clock) => {
        let queue = new ResourceQueue(clock)
        return {
          async acquire(resources, options) {
            const release = await queue.acquire(resources, options)
            let releases = 0
            return {
              resources,
              async [Symbol.asyncDispose]() {
                release()
                if (++releases > 1) queue = new ResourceQueue(clock)
              },
            }
          },
          list: () => new MemoryJournal({ entries, queue }).list(),
        }
      },
    ],
    'a journal that can be closed once': [
      ['sharing.after-dispose'],
      () => {
        let closed = false
        return {
          async [Symbol.asyncDispose]() {
            if (closed) throw new Error('closed already')
            closed = true
          },
        }
      },
    ],
  }

describe('describeJournal', () => {
  it.each(Object.entries(brokenJournals))('catches %s', async (name, [caughtBy, make]) => {
    const collecting = new CollectingRunner()
    const open = () =>
      openMemoryJournal((data, clock) => {
        const sound = new MemoryJournal(data)
        return Object.assign(new MemoryJournal(data), make(sound, data, clock))
      })
    describeJournal({ name, runner: collecting, open })
    const failures = await collecting.failures()
    expect([...failures.keys()]).toEqual(expect.arrayContaining([...caughtBy]))
  })

  it('gives each scenario a key of its own', () => {
    const collecting = new CollectingRunner()
    describeJournal({ name: 'sound', runner: collecting, open: () => openMemoryJournal() })
    expect(new Set(collecting.keys).size).toBe(collecting.keys.length)
    for (const key of collecting.keys) expect(key).toMatch(/^[a-z]+\.[a-z-]+$/u)
  })
})
