import { join } from 'node:path'
import { AppendOnlyLog } from '../durable/append-only-log.ts'
import { sweepTemporaries } from '../durable/atomic-write.ts'
import type { Clock } from '../durable/clock.ts'
import { directoryError } from '../durable/directory-error.ts'
import type { FileSystem } from '../durable/file-system.ts'
import { nextTurn } from '../durable/next-turn.ts'
import type { ProcessTable } from '../durable/process-table.ts'
import type { Random } from '../durable/random.ts'
import { systemProcessTable } from '../durable/system-process-table.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import { HISTORY_OPERATIONS_MAX, JOURNAL_ENTRY_BYTES_MAX } from '../model/limits.ts'
import { compactHistory } from './compact-history.ts'
import type { Journal, JournalEntry, Lease, LeaseOptions, OperationRecord } from './journal.ts'
import { decodeLine, encodeLine, type LedgerLine } from './ledger-line.ts'
import { Mutex } from './mutex.ts'
import { OperationLedger } from './operation-ledger.ts'
import { peekLog } from './peek-log.ts'
import { ResourceQueue } from './resource-queue.ts'
import { SharedLock } from './shared-lock.ts'

/** Entries that are read before the event loop gets its turn: about 2 ms. */
const LINES_PER_TURN = 200
/** The journal is rewritten once so many entries, of about a thousand operations, are not summed up. */
const COMPACT_AFTER_ENTRIES = 5_000
/** By then also while operations are under way, in a process that is never idle. */
const COMPACT_AT_LAST_ENTRIES = 4 * COMPACT_AFTER_ENTRIES

const LOG = {
  format: 'holdfast-journal',
  version: 1,
  payloadBytesMax: JOURNAL_ENTRY_BYTES_MAX,
} as const

export interface FileJournalOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  /** Tells whether the holder of the lock is alive. Default: the machine's list of processes. */
  readonly processes?: ProcessTable
  /** Absolute path. Made when missing. */
  readonly directory: string
  /** Ended operations that the history keeps. Default 10,000. */
  readonly historyMax?: number
}

/**
 * The journal as one file, for all processes of one machine. Inside a process leases are kept per
 * resource; across processes the directory lock is held while any operation is under way, so one
 * process at a time appends, and whoever comes next reads on from where it stopped.
 */
export class FileJournal implements Journal {
  readonly #options: FileJournalOptions
  readonly #path: string
  readonly #queue: ResourceQueue
  readonly #lock: SharedLock
  readonly #ledger = new OperationLedger()
  readonly #appending = new Mutex()
  #log: AppendOnlyLog | undefined
  /** How far the ledger has read, and of which file. */
  #readTo: Position = START
  /** What was seen without the lock since. */
  #view: { readonly ledger: OperationLedger; readonly readTo: Position } | undefined
  #waiting: { readonly lines: LedgerLine[]; readonly flushed: Promise<void> } | undefined
  /** Entries of the file, without the sums of a rewrite. */
  #entryCount = 0
  /** How many there have to be before a rewrite that has failed is tried again. */
  #compactAgainAtEntries = 0
  #isClosed = false

  private constructor(options: FileJournalOptions) {
    const { fileSystem, clock, random, directory } = options
    this.#options = options
    this.#path = join(directory, 'journal.log')
    this.#queue = new ResourceQueue(clock)
    this.#lock = new SharedLock({
      fileSystem,
      clock,
      random,
      processes: options.processes ?? systemProcessTable,
      directory,
      onTaken: () => this.#catchUp(),
      onLeaving: () => this.#compactIfGrown(COMPACT_AFTER_ENTRIES),
    })
  }

  /**
   * Opens the journal or begins one. Doesn't wait for other processes: while one of them is in the
   * middle of an operation, what it has written so far is seen, and the file is checked as soon as
   * it is our turn.
   * @throws DIRECTORY_UNUSABLE, JOURNAL_DAMAGED, JOURNAL_VERSION_NEWER
   */
  static async open(options: FileJournalOptions): Promise<FileJournal> {
    const { fileSystem, directory } = options
    try {
      await fileSystem.makeDirectory(directory)
    } catch (cause) {
      const doing = `make ${directory} for the journal`
      throw directoryError({ path: directory, doing, cause, outcome: 'unchanged' })
    }
    const journal = new FileJournal(options)
    try {
      const lease = await journal.acquire([], { waitMs: 0 })
      // What can't be swept now is swept another time.
      await sweepTemporaries(fileSystem, directory).catch(() => {})
      await lease[Symbol.asyncDispose]()
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'COLLECTION_BUSY') return journal
      await journal[Symbol.asyncDispose]()
      throw error
    }
    return journal
  }

  async acquire(resources: readonly string[], options: LeaseOptions): Promise<Lease> {
    this.#assertOpen()
    const startedAt = this.#options.clock.monotonic()
    const release = await this.#queue.acquire(resources, options)
    try {
      const waitedMs = this.#options.clock.monotonic() - startedAt
      await this.#lock.enter({ ...options, waitMs: Math.max(0, options.waitMs - waitedMs) })
    } catch (error) {
      release()
      throw error
    }
    let released: Promise<void> | undefined
    return {
      resources: [...new Set(resources)],
      [Symbol.asyncDispose]: () => {
        if (released === undefined) {
          // First the resources: whoever waits for them in this process goes on without the lock
          // being given back and taken again.
          release()
          released = this.#lock.leave()
        }
        return released
      },
    }
  }

  /** Entries that come while others are being written go together in the next write. */
  append(entry: JournalEntry): Promise<void> {
    if (this.#waiting !== undefined) {
      this.#waiting.lines.push({ entry })
      return this.#waiting.flushed
    }
    const lines: LedgerLine[] = [{ entry }]
    const flushed = this.#appending.run(async () => {
      this.#waiting = undefined
      await this.#write(lines)
      await this.#compactIfGrown(COMPACT_AT_LAST_ENTRIES)
    })
    this.#waiting = { lines, flushed }
    return flushed
  }

  assertHeld(): Promise<void> {
    return this.#lock.assertHeld()
  }

  async get(operationId: string): Promise<OperationRecord | undefined> {
    return (await this.#look()).get(operationId)
  }

  async findByIdempotencyKey(key: string): Promise<OperationRecord | undefined> {
    return (await this.#look()).findByKey(key)
  }

  async list(): Promise<readonly OperationRecord[]> {
    return (await this.#look()).list()
  }

  async listOpen(): Promise<readonly OperationRecord[]> {
    return (await this.#look()).listOpen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#lock.exclusively(async () => {
      await this.#log?.close()
      this.#log = undefined
    })
  }

  async #write(lines: readonly LedgerLine[]): Promise<void> {
    this.#assertOpen()
    await this.#lock.assertHeld()
    const log = await this.#currentLog()
    const payloads = lines.map(encodeLine)
    try {
      await log.append(payloads)
    } catch (error) {
      // Whether it is there after all shows when the file is read again.
      if (isHoldfastError(error) && error.outcome !== 'unchanged') await this.#forget()
      throw error
    }
    // As it was written: what the caller does to its objects later is not what is on disk.
    for (const line of linesIn(payloads, this.#path)) this.#apply(line)
    this.#readTo = { fileId: log.fileId, endBytes: log.sizeBytes }
  }

  /** What is on disk now, also while another process is writing it. */
  #look(): Promise<OperationLedger> {
    this.#assertOpen()
    return this.#lock.exclusively(async () => {
      if (this.#lock.isHeld) {
        if (this.#log === undefined) await this.#catchUp()
        return this.#ledger
      }
      const known = this.#view ?? { ledger: this.#ledger, readTo: this.#readTo }
      const peeked = await peekLog(this.#options.fileSystem, this.#path, known.readTo)
      if (peeked === undefined) return known.ledger
      // A ledger apart: what is only seen, and may yet be torn off, is nothing to build on.
      const own = this.#view?.ledger ?? this.#ledger.copy()
      const ledger = peeked.isRewritten ? new OperationLedger() : own
      let count = 0
      for (const line of linesIn(peeked.payloads, this.#path)) {
        applyLine(ledger, line)
        if (++count % LINES_PER_TURN === 0) await nextTurn()
      }
      this.#view = { ledger, readTo: { fileId: peeked.fileId, endBytes: peeked.endBytes } }
      return ledger
    })
  }

  /** Reads what others have appended. Under the lock. */
  async #catchUp(): Promise<void> {
    const { fileSystem, random } = this.#options
    const log = this.#log ?? (await AppendOnlyLog.open(fileSystem, this.#path, { ...LOG, random }))
    // Until all of it is read, nobody may append to it or build on the ledger.
    this.#log = undefined
    try {
      await log.refresh()
      this.#view = undefined
      const isSame = this.#readTo.fileId === log.fileId && this.#readTo.endBytes <= log.sizeBytes
      if (!isSame) this.#clear()
      const from = isSame ? this.#readTo.endBytes : undefined
      this.#readTo = START
      await this.#applyAll(payloadsOf(log, from))
      this.#readTo = { fileId: log.fileId, endBytes: log.sizeBytes }
      this.#log = log
    } catch (error) {
      await log.close().catch(() => {})
      throw error
    }
  }

  /** The open log; read again from the start after an append whose outcome was unknown. */
  async #currentLog(): Promise<AppendOnlyLog> {
    if (this.#log !== undefined) return this.#log
    return this.#lock.exclusively(async () => {
      if (this.#log === undefined) await this.#catchUp()
      return this.#log as unknown as AppendOnlyLog
    })
  }

  async #forget(): Promise<void> {
    const log = this.#log
    this.#log = undefined
    this.#readTo = START
    await log?.close().catch(() => {})
  }

  #clear(): void {
    this.#ledger.clear()
    this.#entryCount = 0
  }

  async #applyAll(payloads: AsyncIterable<Uint8Array>): Promise<void> {
    let count = 0
    for await (const payload of payloads) {
      for (const line of linesIn([payload], this.#path)) this.#apply(line)
      if (++count % LINES_PER_TURN === 0) await nextTurn()
    }
  }

  #apply(line: LedgerLine): void {
    if (line.entry !== undefined) this.#entryCount++
    applyLine(this.#ledger, line)
  }

  /**
   * Rewrites the journal without what nobody needs, while nobody appends. Fails quietly: it is tried
   * again when the journal has grown some more.
   */
  async #compactIfGrown(atEntries: number): Promise<void> {
    const { historyMax = HISTORY_OPERATIONS_MAX } = this.#options
    const log = this.#log
    const entryCount = this.#entryCount
    if (log === undefined || entryCount < Math.max(atEntries, this.#compactAgainAtEntries)) return
    const kept = compactHistory(this.#ledger.list(), historyMax)
    try {
      await this.#lock.assertHeld()
      // Writing takes a while, in which this process may have stood still and lost the lock.
      await log.rewrite(linesOf(kept), () => this.#lock.assertHeld())
      this.#clear()
      for (const operation of kept) this.#ledger.set(operation)
      this.#readTo = { fileId: log.fileId, endBytes: log.sizeBytes }
      this.#compactAgainAtEntries = 0
    } catch {
      this.#compactAgainAtEntries = entryCount + COMPACT_AFTER_ENTRIES
      await this.#forget()
    }
  }

  #assertOpen(): void {
    if (!this.#isClosed) return
    throw new HoldfastError('MANAGER_CLOSED', 'The journal is closed. Open another one.', {
      outcome: 'unchanged',
      retryable: false,
    })
  }
}

interface Position {
  readonly fileId: string | undefined
  readonly endBytes: number
}

const START: Position = { fileId: undefined, endBytes: 0 }

async function* payloadsOf(log: AppendOnlyLog, fromBytes?: number): AsyncGenerator<Uint8Array> {
  for await (const { payload } of log.read(fromBytes)) yield payload
}

function* linesIn(payloads: Iterable<Uint8Array>, path: string): Generator<LedgerLine> {
  for (const payload of payloads) {
    const line = decodeLine(payload)
    if (line === undefined) throw unreadable(path)
    yield line
  }
}

function applyLine(ledger: OperationLedger, line: LedgerLine): void {
  if (line.entry !== undefined) ledger.apply(line.entry)
  else ledger.set(line.operation)
}

async function* linesOf(operations: readonly OperationRecord[]): AsyncGenerator<Uint8Array> {
  let count = 0
  for (const operation of operations) {
    if (++count % LINES_PER_TURN === 0) await nextTurn()
    yield encodeLine({ operation })
  }
}

function unreadable(path: string): HoldfastError {
  return new HoldfastError(
    'JOURNAL_DAMAGED',
    `${path} holds an entry that is whole but can't be understood. It was written by another ` +
      'program or a faulty version; put a copy of the directory aside and report it.',
    { outcome: 'unchanged', retryable: false, details: { path } },
  )
}
