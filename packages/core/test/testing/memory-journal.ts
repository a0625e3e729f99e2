import type { Clock } from '../../src/durable/clock.ts'
import { foldEntry } from '../../src/journal/fold-journal.ts'
import {
  isEnded,
  type Journal,
  type JournalEntry,
  type Lease,
  type LeaseOptions,
  type OperationRecord,
} from '../../src/journal/journal.ts'
import { ResourceQueue } from '../../src/journal/resource-queue.ts'
import type { OpenJournal } from '../../src/testing/open-journal.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

/** What all instances of one journal share. */
export class MemoryJournalData {
  readonly entries: JournalEntry[] = []
  readonly queue: ResourceQueue

  constructor(clock: Clock) {
    this.queue = new ResourceQueue(clock)
  }
}

/** The simplest journal that keeps its contract: the suite is tried on it, whole and broken. */
export class MemoryJournal implements Journal {
  readonly data: MemoryJournalData

  constructor(data: MemoryJournalData) {
    this.data = data
  }

  async acquire(resources: readonly string[], options: LeaseOptions): Promise<Lease> {
    const release = await this.data.queue.acquire(resources, options)
    return { resources, [Symbol.asyncDispose]: async () => release() }
  }

  async append(entry: JournalEntry): Promise<void> {
    this.data.entries.push(structuredClone(entry))
  }

  async assertHeld(): Promise<void> {}

  async list(): Promise<readonly OperationRecord[]> {
    const operations = new Map<string, OperationRecord>()
    for (const entry of this.data.entries) {
      const folded = foldEntry(operations.get(entry.operationId), entry)
      if (folded !== undefined) operations.set(entry.operationId, folded)
    }
    return [...operations.values()]
  }

  async listOpen(): Promise<readonly OperationRecord[]> {
    return (await this.list()).filter((operation) => !isEnded(operation))
  }

  async get(operationId: string): Promise<OperationRecord | undefined> {
    return (await this.list()).find((operation) => operation.operationId === operationId)
  }

  async findByIdempotencyKey(key: string): Promise<OperationRecord | undefined> {
    return (await this.list())
      .filter((one) => one.idempotency?.key === key && one.state !== 'rolled-back')
      .at(-1)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** `make` gives the instances, so that a broken one can be put in. */
export async function openMemoryJournal(
  make: (data: MemoryJournalData, clock: SimulatedClock) => Journal = (data) =>
    new MemoryJournal(data),
): Promise<OpenJournal> {
  const clock = new SimulatedClock()
  const data = new MemoryJournalData(clock)
  return {
    journal: make(data, clock),
    openAnother: async () => make(data, clock),
    passTime: (ms) => clock.advance(ms),
    close: async () => {},
  }
}
