import type {
  BackupBatch,
  BackupInfo,
  BackupRepository,
  BackupSource,
} from '../backup/backup-repository.ts'
import type { CallOptions } from '../store/adapter.ts'
import type { FaultPlan } from './fault-plan.ts'
import { faultyStream } from './faulty-stream.ts'

/**
 * Use `withFaults`. Each batch that a write reads is an effect of its own, so that it fails
 * half-way. When the process dies of it, the batches stop for ever: what the repository had written
 * by then stays as it was, since the dead don't clean up.
 */
export class FaultyBackupRepository implements BackupRepository {
  readonly #repository: BackupRepository
  readonly #plan: FaultPlan

  constructor(repository: BackupRepository, plan: FaultPlan) {
    this.#repository = repository
    this.#plan = plan
  }

  async write(source: BackupSource, options?: CallOptions): Promise<BackupInfo> {
    this.#plan.throwIfDead()
    options?.signal?.throwIfAborted()
    const send = (batches: Batches): Promise<BackupInfo> =>
      this.#repository.write({ ...source, batches }, options)
    return this.#plan.call({
      part: 'backups',
      method: 'write',
      about: source.id,
      run: () => untilDeath((die) => send(this.#batches(source, die))),
      half: async (dies) => {
        const all = await gather(source.batches)
        const half = all.slice(0, all.length / 2)
        await untilDeath((die) => send(interrupted(half, dies ? die : undefined)))
      },
      // The store that the batches come from may be gone when it lands, so they are taken now.
      late: async () => {
        const all = await gather(source.batches)
        return () => this.#repository.write({ ...source, batches: each(all) })
      },
    })
  }

  get(id: string, options?: CallOptions): Promise<BackupInfo | undefined> {
    const run = (): Promise<BackupInfo | undefined> => this.#repository.get(id, options)
    return this.#plan.call({ part: 'backups', method: 'get', about: id, reads: true, run })
  }

  list(options?: CallOptions): AsyncIterable<BackupInfo> {
    const place = { part: 'backups', method: 'list', reads: true } as const
    return faultyStream(this.#plan, place, this.#repository.list(options))
  }

  read(id: string, options?: CallOptions): AsyncIterable<BackupBatch> {
    const place = { part: 'backups', method: 'read', about: id, reads: true } as const
    return faultyStream(this.#plan, place, this.#repository.read(id, options))
  }

  check(id: string, options?: CallOptions): Promise<void> {
    const run = (): Promise<void> => this.#repository.check(id, options)
    return this.#plan.call({ part: 'backups', method: 'check', about: id, reads: true, run })
  }

  async delete(id: string, options?: CallOptions): Promise<void> {
    this.#plan.throwIfDead()
    options?.signal?.throwIfAborted()
    await this.#plan.call({
      part: 'backups',
      method: 'delete',
      about: id,
      run: () => this.#repository.delete(id, options),
      late: async () => () => this.#repository.delete(id),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#plan.throwIfDead()
    await this.#repository[Symbol.asyncDispose]()
  }

  async *#batches(source: BackupSource, die: (error: unknown) => void): Batches {
    const place = { part: 'backups', method: 'batch', about: source.id, late: nothing } as const
    try {
      yield* faultyStream(this.#plan, place, source.batches)
    } catch (error) {
      if (!this.#plan.dead) throw error
      die(error)
      await forever()
    }
  }
}

type Batches = AsyncIterable<BackupBatch>

/** What `write` says, or what `die` is told: then `write` itself never comes to an end. */
function untilDeath<Result>(
  write: (die: (error: unknown) => void) => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    write(reject).then(resolve, reject)
  })
}

async function gather(batches: Batches): Promise<readonly BackupBatch[]> {
  const all: BackupBatch[] = []
  for await (const batch of batches) all.push(batch)
  return all
}

async function* each(batches: readonly BackupBatch[]): Batches {
  yield* batches
}

async function* interrupted(
  batches: readonly BackupBatch[],
  die: ((error: unknown) => void) | undefined,
): Batches {
  yield* batches
  const error = new Error('planned fault: the batches end half-way')
  if (die === undefined) throw error
  die(error)
  await forever()
}

function forever(): Promise<never> {
  return new Promise(() => {})
}

async function nothing(): Promise<() => Promise<void>> {
  return async () => {}
}
