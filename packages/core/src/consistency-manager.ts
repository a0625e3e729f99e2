import { join, resolve } from 'node:path'
import type { BackupRepository } from './backup/backup-repository.ts'
import { FileBackupRepository } from './backup/file-backup-repository.ts'
import { claimDirectory, isClaimed } from './claim-directory.ts'
import type { Clock } from './durable/clock.ts'
import type { FileSystem } from './durable/file-system.ts'
import { nodeFileSystem } from './durable/node-file-system.ts'
import type { Random } from './durable/random.ts'
import { systemClock } from './durable/system-clock.ts'
import { systemRandom } from './durable/system-random.ts'
import { Housekeeping } from './housekeeping.ts'
import { FileJournal } from './journal/file-journal.ts'
import { filterHistory, type HistoryFilter } from './journal/filter-history.ts'
import { isEnded, type Journal, type OperationRecord } from './journal/journal.ts'
import { HoldfastError } from './model/errors.ts'
import { EventBus, type Listener, type ListenerErrorHandler } from './model/event-bus.ts'
import type { EventName } from './model/events.ts'
import { abandonOperation } from './operation/abandon.ts'
import { cleaningUp, type Engine } from './operation/engine.ts'
import { type RecoveryReport, recoverAll } from './operation/recover.ts'
import { recoverForAWhile } from './operation/recover-for-a-while.ts'
import { operations } from './operation/registry.ts'
import { operationOf, tidyUp } from './operation/undo-window.ts'
import type { VectorStoreAdapter } from './store/adapter.ts'
import { GuardedStore, type GuardedStoreOptions } from './store/guarded-store.ts'
import { TransactionalOperations } from './transactional-operations.ts'

/** Undo window: a mistake is usually noticed within a week. */
const KEEP_FOR_MS = 7 * 24 * 60 * 60 * 1000
/** Longer than most operations; shorter than the patience of an HTTP client. */
const WAIT_MS = 10_000
/** Recovery comes back anyway, so it does not try as long at a time as an operation does. */
const RECOVERY_RETRY_DEADLINE_MS = 10_000
/** How soon what an unreachable store has left open is tried again. */
const HOUSEKEEPING_INTERVAL_MS = 30_000

export interface ConsistencyManagerOptions
  extends Omit<GuardedStoreOptions, 'clock' | 'random' | 'ending'> {
  /** Stays yours: closing the manager doesn't close it. */
  readonly store: VectorStoreAdapter
  /**
   * Where journal and backups are kept; made when missing. One per store, on a local disk, shared
   * by all processes that use the store through Holdfast on this machine.
   */
  readonly directory: string
  /** How long, in ms, deletes can be taken back. 0: not at all. Default: 7 days. */
  readonly keepForMs?: number
  /** How long, in ms, an operation waits for another one on the same collection. Default 10,000. */
  readonly waitMs?: number
  /** Pause, in ms, between two rounds of recovery and clean-up in the background. Default 30,000. */
  readonly housekeepingIntervalMs?: number
  /** Gets what listeners throw. Default: `process.emitWarning`. */
  readonly onListenerError?: ListenerErrorHandler
  /** Parts to use instead of the default ones. */
  readonly parts?: {
    readonly journal?: Journal
    readonly backups?: BackupRepository
    readonly fileSystem?: FileSystem
    readonly clock?: Clock
    readonly random?: Random
  }
}

/**
 * Opens the directory, ends what a crash has left open there, and hands out the safe operations.
 *
 * An operation that can't be ended now, because the store is away, doesn't keep the manager from
 * opening: `manager.recovered` tells it as `pending`, and it is tried again in the background and
 * before the next operation on the same collections. What takes longer than ten seconds to recover
 * is told as `pending` as well, and goes on in the background.
 * @throws DIRECTORY_UNUSABLE, STORE_MISMATCH, JOURNAL_DAMAGED, JOURNAL_VERSION_NEWER, and
 * COLLECTION_BUSY when another process keeps a new directory to itself
 */
export async function openConsistencyManager(
  options: ConsistencyManagerOptions,
): Promise<ConsistencyManager> {
  checkStore(options.store)
  if (typeof options.directory !== 'string' || options.directory === '') {
    throw new TypeError('`directory` must be the path of a directory for journal and backups.')
  }
  const settings = settingsOf(options)
  const made: AsyncDisposable[] = []
  try {
    const engine = await openEngine(options, made)
    const ending = new AbortController()
    const recovery = { ...engine, store: recoveringStore(options, engine, ending.signal) }
    const { recovered, rest } = await recoverForAWhile(recovery, ending.signal)
    await tidyUp(engine)
    await cleaningUp(engine, 'sweeping left-overs', () => sweepLeftOvers(engine))
    return new ConsistencyManager({ engine, recovery, ending, settings, recovered, rest })
  } catch (error) {
    for (const part of made) await Promise.resolve(part[Symbol.asyncDispose]()).catch(() => {})
    throw error
  }
}

/** @param made takes up what was opened and is ours, for when a later step fails */
async function openEngine(
  options: ConsistencyManagerOptions,
  made: AsyncDisposable[],
): Promise<Engine> {
  const { store, parts = {} } = options
  const { fileSystem = nodeFileSystem, clock = systemClock, random = systemRandom } = parts
  const directory = resolve(options.directory)
  const isOurs = await isClaimed(fileSystem, directory, store.name)
  const own = { fileSystem, clock, random }
  const journal =
    parts.journal ?? (await FileJournal.open({ ...own, directory: join(directory, 'journal') }))
  if (parts.journal === undefined) made.push(journal)
  if (!isOurs) await claimDirectory(fileSystem, random, directory, store.name, journal)
  const backups =
    parts.backups ??
    (await FileBackupRepository.open({ ...own, directory: join(directory, 'backups') }))
  if (parts.backups === undefined) made.push(backups)
  const events = new EventBus(options.onListenerError)
  const guarded = new GuardedStore(store, { ...options, clock, random })
  return { store: guarded, journal, backups, events, clock, random, operations }
}

/** Less patient, and not waited for when the manager is closed. */
function recoveringStore(
  options: ConsistencyManagerOptions,
  { clock, random }: Engine,
  ending: AbortSignal,
): GuardedStore {
  const { retryDeadlineMs = RECOVERY_RETRY_DEADLINE_MS } = options
  return new GuardedStore(options.store, {
    ...options,
    clock,
    random,
    retryDeadlineMs: Math.min(retryDeadlineMs, RECOVERY_RETRY_DEADLINE_MS),
    ending,
  })
}

/** Front door to one store: its safe operations, their events and their history. */
export class ConsistencyManager implements AsyncDisposable {
  /** The changes that can't be left half done. */
  readonly operations: TransactionalOperations
  /** What opening has found unfinished, and how it ended. */
  readonly recovered: readonly RecoveryReport[]
  readonly #engine: Engine
  /** The same parts for recovery, which nobody waits for when the manager is closed. */
  readonly #recovery: Engine
  readonly #housekeeping: Housekeeping
  readonly #ending: AbortController
  readonly #inFlight = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /**
   * Use {@link openConsistencyManager}.
   * @hidden
   */
  constructor({ engine, recovery, ending, settings, recovered, rest }: Opened) {
    this.#engine = engine
    this.#recovery = recovery
    this.#ending = ending
    this.recovered = recovered
    const { keepForMs, waitMs, housekeepingIntervalMs } = settings
    const defaults = { keepForMs, waitMs }
    this.operations = new TransactionalOperations(engine, defaults, (run) => this.#track(run))
    this.#housekeeping = new Housekeeping(recovery, housekeepingIntervalMs)
    this.#housekeeping.start(rest)
  }

  /** Listens to what has become durable. Returns the function that unsubscribes. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    return this.#engine.events.on(name, listener)
  }

  /** Operations of every process that shares the directory, newest first. */
  history(filter: HistoryFilter = {}): Promise<readonly OperationRecord[]> {
    return this.#track(async () => filterHistory(await this.#engine.journal.list(), filter))
  }

  /** Ends open operations now, as opening does and as is done in the background. */
  recover(): Promise<readonly RecoveryReport[]> {
    const { signal } = this.#ending
    return this.#track(() => recoverAll(this.#recovery, { waitMs: 0, signal }))
  }

  /**
   * Ends an operation that can't be ended otherwise, as it stands, without touching the store.
   * Look at the collections concerned first: this is the one call that may leave things half done.
   * @throws OPERATION_NOT_FOUND, COLLECTION_BUSY
   */
  abandon(operationId: string, reason: string): Promise<void> {
    return this.#track(() => abandonOperation(this.#engine, operationId, reason))
  }

  /**
   * Waits for operations under way and refuses further ones. Recovery is not waited for: what it has
   * not ended stays open, for whoever opens the directory next. Twice is fine.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#ending.abort()
    await this.#housekeeping.stop()
    await Promise.allSettled(this.#inFlight)
    const { store, backups, journal, events } = this.#engine
    await store[Symbol.asyncDispose]()
    await this.#recovery.store[Symbol.asyncDispose]()
    await backups[Symbol.asyncDispose]()
    await journal[Symbol.asyncDispose]()
    events.removeAllListeners()
  }

  async #track<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw closed()
    const running = run()
    this.#inFlight.add(running)
    try {
      return await running
    } finally {
      this.#inFlight.delete(running)
    }
  }
}

/** Removes files that crashed writers of backups have left. */
async function sweepLeftOvers({ backups, journal }: Engine): Promise<void> {
  if (!(backups instanceof FileBackupRepository)) return
  await backups.sweep(async (backupId) => {
    const operation = await journal.get(operationOf(backupId))
    return operation !== undefined && !isEnded(operation)
  })
}

function closed(): HoldfastError {
  return new HoldfastError('MANAGER_CLOSED', 'The manager is closed. Open another one.', {
    outcome: 'unchanged',
    retryable: false,
  })
}

/** What opening has made. */
interface Opened {
  readonly engine: Engine
  readonly recovery: Engine
  /** Ends recovery. */
  readonly ending: AbortController
  readonly settings: Settings
  readonly recovered: readonly RecoveryReport[]
  /** Recovery that still goes on. */
  readonly rest: Promise<unknown> | undefined
}

interface Settings {
  readonly keepForMs: number
  readonly waitMs: number
  readonly housekeepingIntervalMs: number
}

function settingsOf(options: ConsistencyManagerOptions): Settings {
  return {
    keepForMs: milliseconds('keepForMs', options.keepForMs ?? KEEP_FOR_MS, 0),
    waitMs: milliseconds('waitMs', options.waitMs ?? WAIT_MS, 0),
    housekeepingIntervalMs: milliseconds(
      'housekeepingIntervalMs',
      options.housekeepingIntervalMs ?? HOUSEKEEPING_INTERVAL_MS,
      100,
    ),
  }
}

/** Before anything is written: a directory would be claimed for a store that is none. */
function checkStore(store: Partial<VectorStoreAdapter> | undefined): void {
  const isAdapter =
    typeof store?.getCollection === 'function' &&
    typeof store.name === 'string' &&
    typeof store.traits === 'object'
  if (isAdapter) return
  throw new TypeError(
    '`store` must be an adapter, such as `new ChromaAdapter({ client })`; a client is none.',
  )
}

function milliseconds(name: string, value: number, min: number): number {
  if (value >= min) return value
  throw new RangeError(`\`${name}\` is a number of milliseconds, ${min} or more; got ${value}.`)
}
