import { expect, it } from 'vitest'
import type { ProcessTable } from '../../src/durable/process-table.ts'
import { FileJournal } from '../../src/journal/file-journal.ts'
import type { Journal, JournalEvent, Lease, OperationRecord } from '../../src/journal/journal.ts'
import {
  CHECKPOINT,
  EVENTS,
  entryOf,
  planned,
} from '../../src/testing/conformance/journal-fixtures.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

const HISTORY_MAX = 50
/** Of five entries each: enough for a journal that is given back to be rewritten. */
const MANY = 1_100
/** Enough for one that is never given back. */
const VERY_MANY = 4_100
const LOG = '/journal/journal.log'

const clock = new SimulatedClock({ selfAdvancing: true })

function open(
  fileSystem: MemoryFileSystem,
  pid = 1,
  others: 'alive' | 'dead' = 'alive',
): Promise<FileJournal> {
  const self = { pid, startedAt: '1', place: '0123456789abcdef', host: 'test' }
  const processes: ProcessTable = { self: async () => self, lookUp: async () => others }
  const random = new SeededRandom(pid)
  const parts = { fileSystem, clock, random, processes, directory: '/journal' }
  return FileJournal.open({ ...parts, historyMax: HISTORY_MAX })
}

const WHOLE: readonly JournalEvent[] = [
  planned(),
  { type: 'checkpointed', checkpoint: { parts: [] } },
  EVENTS.executed,
  EVENTS.verified,
  EVENTS.committed,
]

/** Operations that have ended, one after the other, under a lease of the caller. */
async function appendEnded(journal: Journal, label: string, count: number): Promise<void> {
  const appended: Promise<void>[] = []
  for (let number = 0; number < count; number++) {
    for (const event of WHOLE) appended.push(journal.append(entryOf(`${label}-${number}`, event)))
  }
  await Promise.all(appended)
}

async function appendAll(journal: Journal, id: string, ...events: JournalEvent[]): Promise<void> {
  for (const event of events) await journal.append(entryOf(id, event))
}

/** What the journal holds, apart from the many. */
async function special(journal: Journal): Promise<readonly OperationRecord[]> {
  return (await journal.list()).filter(({ operationId }) => !operationId.startsWith('many-'))
}

/** Old operations that must be kept: open, undone later, noted, and one that can be taken back. */
async function appendSpecial(journal: Journal): Promise<void> {
  await appendAll(journal, 'open', planned({ idempotency: { key: 'k', inputDigest: 'd' } }))
  await appendAll(journal, 'open', EVENTS.checkpointed, EVENTS.noted)
  await appendAll(journal, 'parked', planned(), EVENTS.checkpointed, EVENTS.parked)
  const undoable = planned({ keepForMs: 1_000_000 })
  const kept = { type: 'checkpointed', checkpoint: CHECKPOINT } as const
  await appendAll(journal, 'undoable', undoable, kept, EVENTS.verified, EVENTS.committed)
}

/** A journal, under a lease, that is rewritten when the lease is given back. */
async function grown(): Promise<{
  readonly fileSystem: MemoryFileSystem
  readonly journal: Journal
  readonly lease: Lease
  /** What must not be forgotten. */
  readonly before: readonly OperationRecord[]
}> {
  const fileSystem = new MemoryFileSystem({ clock })
  const journal = await open(fileSystem)
  const lease = await journal.acquire(['a'], { waitMs: 0 })
  await appendSpecial(journal)
  await appendEnded(journal, 'many', MANY)
  return { fileSystem, journal, lease, before: await special(journal) }
}

it('keeps what is open, what can be taken back, and the latest of the rest', async () => {
  const { fileSystem, journal, lease, before } = await grown()
  const { sizeBytes } = await fileSystem.stat(LOG)
  expect(before.map(({ operationId }) => operationId)).toEqual(['open', 'parked', 'undoable'])

  await lease[Symbol.asyncDispose]()
  expect((await fileSystem.stat(LOG)).sizeBytes).toBeLessThan(sizeBytes / 10)
  const again = await open(fileSystem.processCrash(), 2)
  for (const one of [journal, again]) {
    expect(await special(one)).toEqual(before)
    expect((await one.listOpen()).map(({ operationId }) => operationId)).toEqual(['open', 'parked'])
    expect((await one.findByIdempotencyKey('k'))?.operationId).toBe('open')
    const ids = (await one.list()).map(({ operationId }) => operationId)
    expect(ids).toHaveLength(HISTORY_MAX + 3)
    expect(ids.at(-1)).toBe(`many-${MANY - 1}`)
  }
})

it('happens in the middle of an operation when a process is never idle', async () => {
  const fileSystem = new MemoryFileSystem({ clock })
  const journal = await open(fileSystem)
  const lease = await journal.acquire(['long'], { waitMs: 0 })
  await appendSpecial(journal)
  const before = await special(journal)
  await appendEnded(journal, 'many', VERY_MANY)
  await appendAll(journal, 'later', planned())
  expect((await journal.list()).length).toBeLessThan(HISTORY_MAX + 5)
  expect((await special(journal)).slice(0, 3)).toEqual(before)

  // Others come in meanwhile, and what was open goes on.
  const other = await journal.acquire(['short'], { waitMs: 0 })
  await appendAll(journal, 'open', EVENTS.executed)
  await other[Symbol.asyncDispose]()
  const seen = await open(fileSystem, 2)
  expect((await seen.get('open'))?.state).toBe('executed')
  expect((await seen.get('later'))?.state).toBe('planned')
  await lease[Symbol.asyncDispose]()
})

it('is followed by whoever reads the same journal', async () => {
  const fileSystem = new MemoryFileSystem({ clock })
  const [writer, reader] = [await open(fileSystem, 1), await open(fileSystem, 2)]
  const lease = await writer.acquire(['a'], { waitMs: 0 })
  await appendSpecial(writer)
  await appendEnded(writer, 'many', MANY)
  expect(await reader.list()).toEqual(await writer.list())
  await lease[Symbol.asyncDispose]()
  expect(await reader.list()).toEqual(await writer.list())
  const next = await reader.acquire(['a'], { waitMs: 0 })
  await appendAll(reader, 'open', EVENTS.rolledBack)
  await next[Symbol.asyncDispose]()
  expect((await writer.get('open'))?.state).toBe('rolled-back')
})

it.each(['EIO', 'ENOSPC'])('loses nothing when the disk says %s at any moment', async (code) => {
  const { effects } = await compactWith(undefined)
  expect(effects).toBeGreaterThan(5)
  for (let at = 0; at < effects; at++) {
    for (const fault of ['before', 'after', 'half'] as const) {
      const { journal, fileSystem, before } = await compactWith({ at, fault, code })
      fileSystem.onCall = undefined
      const lease = await journal.acquire(['a'], { waitMs: 60_000 })
      expect(await special(journal), `${fault} ${at}`).toEqual(before)
      await appendAll(journal, 'open', EVENTS.executed)
      await lease[Symbol.asyncDispose]()
      const again = await open(fileSystem.crash({ keep: 'none' }), 2, 'dead')
      expect((await again.get('open'))?.state, `${fault} ${at}`).toBe('executed')
      expect((await again.list()).at(-1)?.operationId).toBe(`many-${MANY - 1}`)
    }
  }
})

it('loses nothing when the power goes at any moment', async () => {
  const { fileSystem, journal, lease, before } = await grown()
  const found: MemoryFileSystem[] = []
  fileSystem.onCall = async (call) => {
    const result = await call.run()
    if (call.reads) return result
    for (const keep of ['all', 'none', new SeededRandom(found.length)] as const) {
      found.push(fileSystem.crash({ keep }))
    }
    return result
  }
  await lease[Symbol.asyncDispose]()
  expect(found.length).toBeGreaterThan(15)
  for (const [index, disk] of found.entries()) {
    const again = await open(disk, 2, 'dead')
    expect(await special(again), String(index)).toEqual(before)
    expect((await again.list()).at(-1)?.operationId, String(index)).toBe(`many-${MANY - 1}`)
  }
})

interface DiskFault {
  readonly at: number
  readonly fault: 'before' | 'after' | 'half'
  readonly code: string
}

/** Gives back a journal that has grown, while the disk fails at one effect of that. */
async function compactWith(fault: DiskFault | undefined): Promise<{
  readonly journal: Journal
  readonly fileSystem: MemoryFileSystem
  readonly before: readonly OperationRecord[]
  readonly effects: number
}> {
  const { fileSystem, journal, lease, before } = await grown()
  let effects = 0
  fileSystem.onCall = async (call) => {
    const index = call.reads ? -1 : effects++
    if (fault === undefined || index !== fault.at) return call.run()
    if (fault.fault === 'after') await call.run()
    if (fault.fault === 'half') await call.half?.()
    throw Object.assign(new Error(`${fault.code}: planned, ${call.method}`), { code: fault.code })
  }
  // The very last effects give the lock back, which may fail and is tried again.
  await Promise.resolve(lease[Symbol.asyncDispose]()).catch(() => {})
  return { journal, fileSystem, before, effects }
}
