import { expect, it } from 'vitest'
import type { ProcessTable } from '../../src/durable/process-table.ts'
import { FileJournal } from '../../src/journal/file-journal.ts'
import type { Journal } from '../../src/journal/journal.ts'
import {
  CHECKPOINT,
  EVENTS,
  entryOf,
  planned,
} from '../../src/testing/conformance/journal-fixtures.ts'
import type { MemoryCall } from '../../src/testing/memory-file-handle.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

/**
 * After an append whose outcome is unknown, or a rewrite that failed, the journal is read again while
 * other operations go on. What is only half read must neither be believed nor be built upon: an
 * entry that gets lost here lets recovery undo what was decided.
 */

const clock = new SimulatedClock({ selfAdvancing: true })
const CHECKPOINTED = { type: 'checkpointed', checkpoint: CHECKPOINT } as const

interface OpenOptions {
  readonly pid?: number
  readonly others?: 'alive' | 'dead' | 'unknown'
  readonly on?: SimulatedClock
}

function open(
  fileSystem: MemoryFileSystem,
  { pid = 1, others = 'alive', on = clock }: OpenOptions = {},
): Promise<FileJournal> {
  const self = { pid, startedAt: '1', place: `0123456789abcde${pid}`, host: 'test' }
  const processes: ProcessTable = { self: async () => self, lookUp: async () => others }
  const parts = { fileSystem, clock: on, random: new SeededRandom(pid), processes }
  return FileJournal.open({ ...parts, directory: '/journal', historyMax: 50 })
}

/** What a process finds that starts when this one has died. */
function afterDeath(fileSystem: MemoryFileSystem): Promise<Journal> {
  return open(fileSystem.processCrash(), { pid: 2, others: 'dead' })
}

async function appendEnded(journal: Journal, label: string, count: number): Promise<void> {
  const appended: Promise<void>[] = []
  const events = [planned(), EVENTS.executed, EVENTS.verified, EVENTS.committed]
  for (let number = 0; number < count; number++) {
    for (const event of events) appended.push(journal.append(entryOf(`${label}-${number}`, event)))
  }
  await Promise.all(appended)
}

async function appendDelete(journal: Journal): Promise<void> {
  await journal.append(entryOf('delete', planned({ keepForMs: 1e9 })))
  await journal.append(entryOf('delete', CHECKPOINTED))
  await journal.append(entryOf('delete', EVENTS.executed))
}

/** Lets one append fail so that nobody knows whether it has happened. */
async function loseAnAppend(fileSystem: MemoryFileSystem, journal: Journal): Promise<void> {
  fileSystem.onCall = failing((method) => method === 'sync' || method === 'truncate', 'EIO')
  const lost = journal.append(entryOf('lost', planned()))
  await expect(lost).rejects.toMatchObject({ outcome: 'unknown' })
  fileSystem.onCall = undefined
}

function failing(isHit: (method: string, about: string) => boolean, code: string) {
  return async <Result>(call: MemoryCall<Result>): Promise<Result> => {
    if (!isHit(call.method, String(call.about))) return call.run()
    throw Object.assign(new Error(`${code}: planned`), { code })
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

it.each([0, 2, 8, 20])(
  'what is appended meanwhile is not left out, %i turns later',
  async (later) => {
    const fileSystem = new MemoryFileSystem({ clock })
    const journal = await open(fileSystem)
    await journal.acquire(['a'], { waitMs: 0 })
    await appendEnded(journal, 'many', 800)
    await appendDelete(journal)
    await loseAnAppend(fileSystem, journal)
    const looking = journal.listOpen()
    await turns(later)
    await journal.append(entryOf('delete', EVENTS.verified))
    await looking
    expect((await journal.get('delete'))?.state).toBe('verified')
    // The next rewrite makes of it what everybody finds.
    await appendEnded(journal, 'more', 5_000)
    expect((await (await afterDeath(fileSystem)).get('delete'))?.state).toBe('verified')
  },
)

it('a read that fails leaves nothing that is believed', async () => {
  const fileSystem = new MemoryFileSystem({ clock })
  const journal = await open(fileSystem)
  const lease = await journal.acquire(['a'], { waitMs: 0 })
  await appendDelete(journal)
  await journal.append(entryOf('delete', EVENTS.verified))
  for (let failingCall = 1; failingCall < 12; failingCall++) {
    await loseAnAppend(fileSystem, journal)
    let calls = 0
    fileSystem.onCall = failing(() => ++calls === failingCall, 'EMFILE')
    const first = await journal.listOpen().catch(() => undefined)
    fileSystem.onCall = undefined
    for (const open of [first, await journal.listOpen()]) {
      if (open === undefined) continue
      expect(open.map(({ operationId }) => operationId)).toContain('delete')
    }
  }
  await appendEnded(journal, 'many', 1_500)
  await lease[Symbol.asyncDispose]()
  expect((await (await afterDeath(fileSystem)).get('delete'))?.state).toBe('verified')
})

it.each([40, 100, 200])(
  'a rewrite that fails loses nothing of who goes on, %i turns later',
  async (later) => {
    const fileSystem = new MemoryFileSystem({ clock })
    const journal = await open(fileSystem)
    await journal.acquire(['a'], { waitMs: 0 })
    let isRewritten = false
    const isPartOfRewrite = (method: string, about: string): boolean => {
      const isHit = /journal\.log\./.test(about) && !['open', 'unlink'].includes(method)
      isRewritten ||= isHit
      return isHit
    }
    fileSystem.onCall = failing(isPartOfRewrite, 'ENOSPC')
    await Promise.all([appendEnded(journal, 'many', 5_100), appendDelete(journal)])
    expect(isRewritten).toBe(true)
    fileSystem.onCall = undefined
    const looking = journal.listOpen()
    await turns(later)
    await journal.append(entryOf('delete', EVENTS.verified))
    await looking
    expect((await journal.get('delete'))?.state).toBe('verified')
  },
)

it('a process that stood still while it rewrote does not undo who took over', async () => {
  const fileSystem = new MemoryFileSystem({ clock })
  // The timers of a suspended process do not fire.
  const suspended = await open(fileSystem, { others: 'unknown', on: new SimulatedClock() })
  await suspended.acquire(['a'], { waitMs: 0 })
  let goOn = (): void => {}
  let isStanding = false
  fileSystem.onCall = async (call) => {
    const result = await call.run()
    if (!isStanding && call.method === 'sync' && /journal\.log\./.test(String(call.about))) {
      isStanding = true
      await new Promise<void>((resolve) => (goOn = resolve))
    }
    return result
  }
  const appending = appendEnded(suspended, 'many', 5_100).catch(() => {})
  while (!isStanding) await turns(1)
  const next = await open(fileSystem, { pid: 2, others: 'unknown' })
  await next.acquire(['b'], { waitMs: 200_000 })
  await next.append(entryOf('theirs', planned()))
  await next.append(entryOf('theirs', EVENTS.verified))
  goOn()
  await appending
  await next.append(entryOf('theirs', EVENTS.committed))
  expect((await (await afterDeath(fileSystem)).get('theirs'))?.state).toBe('committed')
})
