import { join } from 'node:path'
import type { Clock } from '../durable/clock.ts'
import { DirectoryLock, type HeldLock } from '../durable/directory-lock.ts'
import type { FileSystem } from '../durable/file-system.ts'
import type { ProcessTable } from '../durable/process-table.ts'
import type { Random } from '../durable/random.ts'
import { HoldfastError, isHoldfastError } from '../model/errors.ts'
import type { LeaseOptions } from './journal.ts'
import { Mutex } from './mutex.ts'

/** First and longest pause in ms between two looks at a lock that somebody holds. */
const POLL_MS = 5
const POLL_MS_MAX = 50
/** After holding the lock for this long, a process lets others in, if there are any. */
const TURN_MS = 2_000
/** A sign of waiting that is older than this is a left-over. */
const WAITING_SIGN_MS = 3_000
/** Pause in ms after a turn: several of the looks that others take, also on a loaded machine. */
const AFTER_TURN_MS = 4 * POLL_MS_MAX

export interface SharedLockOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  readonly processes: ProcessTable
  readonly directory: string
  /** Runs when the lock has just been taken; a failure gives it back. */
  readonly onTaken: () => Promise<void>
  /** Runs before the lock is given back. Must not fail. */
  readonly onLeaving: () => Promise<void>
}

/**
 * The directory lock as one process uses it: taken when the first of its operations begins, given
 * back when the last one ends. A process that is never idle stops admitting new operations after
 * two seconds when others wait, so that they get their turn.
 */
export class SharedLock {
  readonly #options: SharedLockOptions
  readonly #lock: DirectoryLock
  readonly #mutex = new Mutex()
  readonly #waitingPath: string
  #held: HeldLock | undefined
  /** A lock that was left but perhaps not given back yet. */
  #unreleased: HeldLock | undefined
  #users = 0
  /** Since when this process has had the lock, with no more than short gaps. */
  #turnSince: number | undefined
  #leftAt = Number.NEGATIVE_INFINITY
  #isDraining = false
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor(options: SharedLockOptions) {
    const { fileSystem, clock, random, processes, directory } = options
    this.#options = options
    this.#waitingPath = join(directory, 'waiting')
    const path = join(directory, 'lock')
    this.#lock = new DirectoryLock({ fileSystem, clock, random, processes, path })
  }

  /** Whether this process holds the lock now. */
  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** @throws COLLECTION_BUSY when another process holds the lock for longer than `waitMs` */
  async enter({ waitMs, signal }: LeaseOptions): Promise<void> {
    const { clock, random } = this.#options
    const deadline = clock.monotonic() + waitMs
    for (let pauseMs = POLL_MS; ; pauseMs = Math.min(2 * pauseMs, POLL_MS_MAX)) {
      signal?.throwIfAborted()
      const holder = await this.#mutex.run(() => this.#tryEnter())
      if (holder === undefined) return
      const leftMs = deadline - clock.monotonic()
      if (leftMs <= 0) throw busy(waitMs, holder)
      if (holder !== 'ourselves') await this.#signWaiting()
      const jitteredMs = pauseMs * (0.5 + random.next() / 2)
      await clock.sleep(Math.min(jitteredMs, leftMs), signal === undefined ? {} : { signal })
    }
  }

  async leave(): Promise<void> {
    this.#users--
    if (this.#users > 0) return
    await this.#mutex.run(async () => {
      // Somebody may have come in meanwhile.
      if (this.#users > 0 || this.#held === undefined) return
      await this.#options.onLeaving()
      const held = this.#held
      this.#held = undefined
      this.#leftAt = this.#options.clock.monotonic()
      if (this.#isDraining) this.#endTurn()
      this.#unreleased = held
      await this.#release()
    })
  }

  /** @throws LEASE_LOST when another process has taken the lock over */
  async assertHeld(): Promise<void> {
    if (this.#held === undefined) throw new TypeError('The journal is appended to under a lease.')
    try {
      await this.#held.assertHeld()
    } catch (error) {
      // Nobody else may come in by a lock that is lost; it is taken anew when all have left.
      this.#isDraining = true
      throw error
    }
  }

  /** Runs while nobody in this process takes the lock or gives it back. */
  exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(async () => {
      // Others wait for a lock that could not be given back. Whoever looks next tries again.
      if (this.#held === undefined) await this.#release().catch(() => {})
      return run()
    })
  }

  async #release(): Promise<void> {
    await this.#unreleased?.release()
    this.#unreleased = undefined
  }

  /** Who stands in the way, or `undefined` when we are in. */
  async #tryEnter(): Promise<HoldfastError | 'ourselves' | undefined> {
    const { clock } = this.#options
    if (this.#held !== undefined) {
      this.#isDraining ||= await this.#isTurnOver()
      if (this.#isDraining) return 'ourselves'
      this.#users++
      return undefined
    }
    if (clock.monotonic() < this.#pausedUntil) return 'ourselves'
    // Operations one after the other give the lock back and take it again at once: still one turn.
    if (await this.#isTurnOver()) {
      this.#endTurn()
      return 'ourselves'
    }
    try {
      this.#held = await this.#lock.acquire({ waitMs: 0 })
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'DIRECTORY_BUSY') return error
      throw error
    }
    try {
      await this.#options.onTaken()
    } catch (error) {
      const held = this.#held
      this.#held = undefined
      await held.release()
      throw error
    }
    this.#users = 1
    this.#isDraining = false
    const now = clock.monotonic()
    if (now - this.#leftAt > POLL_MS_MAX) this.#turnSince = undefined
    this.#turnSince ??= now
    return undefined
  }

  #endTurn(): void {
    this.#turnSince = undefined
    this.#pausedUntil = this.#options.clock.monotonic() + AFTER_TURN_MS
  }

  async #isTurnOver(): Promise<boolean> {
    const { clock, fileSystem } = this.#options
    if (this.#turnSince === undefined || clock.monotonic() - this.#turnSince < TURN_MS) return false
    try {
      const { modifiedMs } = await fileSystem.stat(this.#waitingPath)
      return clock.now() - modifiedMs < WAITING_SIGN_MS
    } catch {
      return false
    }
  }

  /** Tells whoever holds the lock that somebody waits. Without it the wait is only less fair. */
  async #signWaiting(): Promise<void> {
    try {
      const handle = await this.#options.fileSystem.open(this.#waitingPath, 'append')
      try {
        await handle.truncate(0)
        await handle.append(Uint8Array.of(0x0a))
      } finally {
        await handle.close()
      }
    } catch {
      // They find out by themselves when they are idle.
    }
  }
}

function busy(waitMs: number, holder: HoldfastError | 'ourselves'): HoldfastError {
  const options = { outcome: 'unchanged', retryable: true } as const
  if (holder === 'ourselves') {
    return new HoldfastError(
      'COLLECTION_BUSY',
      `Another process has its turn with this directory; waited ${waitMs} ms. Try again, or give a ` +
        'longer `waitMs`.',
      options,
    )
  }
  return new HoldfastError(
    'COLLECTION_BUSY',
    `Another process is in the middle of an operation; waited ${waitMs} ms. ${holder.message}`,
    { ...options, details: holder.details, cause: holder },
  )
}
