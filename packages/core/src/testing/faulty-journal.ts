import type {
  Journal,
  JournalEntry,
  Lease,
  LeaseOptions,
  OperationRecord,
} from '../journal/journal.ts'
import type { FaultPlan } from './fault-plan.ts'

/** Use `withFaults`. Half an entry is no entry: a `partial` append leaves nothing. */
export class FaultyJournal implements Journal {
  readonly #journal: Journal
  readonly #plan: FaultPlan

  constructor(journal: Journal, plan: FaultPlan) {
    this.#journal = journal
    this.#plan = plan
  }

  async acquire(resources: readonly string[], options: LeaseOptions): Promise<Lease> {
    this.#plan.throwIfDead()
    options.signal?.throwIfAborted()
    let lease: Lease | undefined
    const run = async (): Promise<Lease> => {
      lease = await this.#journal.acquire(resources, options)
      return lease
    }
    try {
      const place = { part: 'journal', method: 'acquire', about: resources.join(' ') } as const
      // A lease that arrives when nobody waits for it any more is given back: it never lands.
      return this.#wrap(await this.#plan.call({ ...place, run, late: nothing }))
    } catch (error) {
      // The living clean up what they can't hand out. The dead go on holding it.
      if (!this.#plan.dead) await lease?.[Symbol.asyncDispose]()
      throw error
    }
  }

  append(entry: JournalEntry): Promise<void> {
    return this.#plan.call({
      part: 'journal',
      method: 'append',
      about: entry.type,
      run: () => this.#journal.append(entry),
    })
  }

  assertHeld(): Promise<void> {
    return this.#read('assertHeld', () => this.#journal.assertHeld())
  }

  get(operationId: string): Promise<OperationRecord | undefined> {
    return this.#read('get', () => this.#journal.get(operationId))
  }

  findByIdempotencyKey(key: string): Promise<OperationRecord | undefined> {
    return this.#read('findByIdempotencyKey', () => this.#journal.findByIdempotencyKey(key))
  }

  list(): Promise<readonly OperationRecord[]> {
    return this.#read('list', () => this.#journal.list())
  }

  listOpen(): Promise<readonly OperationRecord[]> {
    return this.#read('listOpen', () => this.#journal.listOpen())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#plan.throwIfDead()
    await this.#journal[Symbol.asyncDispose]()
  }

  #read<Result>(method: string, run: () => Promise<Result>): Promise<Result> {
    return this.#plan.call({ part: 'journal', method, reads: true, run })
  }

  #wrap(lease: Lease): Lease {
    return {
      resources: lease.resources,
      [Symbol.asyncDispose]: () =>
        this.#plan.call({
          part: 'journal',
          method: 'release',
          about: lease.resources.join(' '),
          run: async () => lease[Symbol.asyncDispose](),
        }),
    }
  }
}

async function nothing(): Promise<() => Promise<void>> {
  return async () => {}
}
