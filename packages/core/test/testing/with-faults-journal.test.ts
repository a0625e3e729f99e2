import { describe, expect, it } from 'vitest'
import type { Journal } from '../../src/journal/journal.ts'
import {
  CrashError,
  type Fault,
  FaultPlan,
  type FaultPlanOptions,
} from '../../src/testing/fault-plan.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { withFaults } from '../../src/testing/with-faults.ts'
import { MemoryJournal, MemoryJournalData } from './memory-journal.ts'

const NOW = { waitMs: 0 }
const FAULTS: readonly Fault[] = ['before', 'after', 'partial', 'late']
const entry = {
  type: 'planned',
  kind: 'collection:delete',
  resources: ['docs'],
  plan: null,
  operationId: 'op-1',
  at: 0,
} as const

function open(options: FaultPlanOptions): {
  readonly data: MemoryJournalData
  readonly plan: FaultPlan
  readonly journal: Journal
  readonly other: Journal
} {
  const data = new MemoryJournalData(new SimulatedClock())
  const plan = new FaultPlan(options)
  const journal = withFaults(new MemoryJournal(data), plan)
  return { data, plan, journal, other: new MemoryJournal(data) }
}

describe('withFaults on a journal', () => {
  it('counts acquiring, appending and releasing', async () => {
    const { journal, plan } = open({})
    const lease = await journal.acquire(['docs', 'papers'], NOW)
    await journal.append(entry)
    await journal.list()
    await lease[Symbol.asyncDispose]()
    expect(plan.trace).toEqual([
      'journal.acquire docs papers',
      'journal.append planned',
      'journal.release docs papers',
    ])
  })

  it.each<[Fault, number, number]>([
    ['before', 0, 0],
    ['after', 1, 1],
    ['partial', 0, 0],
    ['late', 0, 1],
  ])('an append that fails %s leaves %d entries, and %d at the end', async (fault, now, then) => {
    const { journal, plan, data } = open({ at: 0, fault })
    await expect(journal.append(entry)).rejects.toMatchObject({
      code: 'DIRECTORY_UNUSABLE',
      outcome: fault === 'before' ? 'unchanged' : 'unknown',
    })
    expect(data.entries.length).toBe(now)
    await plan.land()
    expect(data.entries.length).toBe(then)
  })

  it.each(FAULTS)('a living process holds nothing after acquiring failed (%s)', async (fault) => {
    const { journal, plan, other } = open({ at: 0, fault })
    await expect(journal.acquire(['docs'], NOW)).rejects.toThrow('acquire')
    await plan.land()
    await other.acquire(['docs'], NOW)
  })

  it('a dead process goes on holding what it held', async () => {
    const { journal, other } = open({ at: 1, crash: true })
    const lease = await journal.acquire(['docs'], NOW)
    await expect(journal.append(entry)).rejects.toThrow(CrashError)
    await expect(lease[Symbol.asyncDispose]()).rejects.toThrow(new CrashError('dead'))
    await expect(journal.list()).rejects.toThrow(new CrashError('dead'))
    await expect(journal[Symbol.asyncDispose]()).rejects.toThrow(new CrashError('dead'))
    await expect(other.acquire(['docs'], NOW)).rejects.toMatchObject({ code: 'COLLECTION_BUSY' })
  })

  it('a process that dies just after acquiring holds it', async () => {
    const { journal, other } = open({ at: 0, fault: 'after', crash: true })
    await expect(journal.acquire(['docs'], NOW)).rejects.toThrow(CrashError)
    await expect(other.acquire(['docs'], NOW)).rejects.toMatchObject({ code: 'COLLECTION_BUSY' })
  })

  it('a release that fails can be tried again', async () => {
    const { journal, other } = open({ at: 1 })
    const lease = await journal.acquire(['docs'], NOW)
    await expect(lease[Symbol.asyncDispose]()).rejects.toThrow('release')
    await expect(other.acquire(['docs'], NOW)).rejects.toMatchObject({ code: 'COLLECTION_BUSY' })
    await lease[Symbol.asyncDispose]()
    await other.acquire(['docs'], NOW)
  })
})
