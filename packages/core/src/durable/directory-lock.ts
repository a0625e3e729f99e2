/*
 * A lock for processes that share a directory, made of renames.
 *
 * The lock is a directory with one file in it. The name of that file is the state of the lock: free,
 * or taken by which process. Every change of state is one rename of that file, from a name that was
 * seen to a name that never was before: it holds a token that is new with each taking, and a
 * generation that grows with each change. Nothing else is ever written, and nothing is synced, since
 * a power cut ends all processes of the machine.
 *
 * Why there are never two holders. A rename is atomic and fails with ENOENT when its source is gone,
 * so it compares and swaps. Since no name ever comes back, a source that is there means that nothing
 * has changed since it was seen, however long ago that was and whatever a process did in between:
 * sleep, be suspended, or see a directory in the middle of a change (a listing is not atomic; here
 * it is only a guess that the rename confirms). And whoever renames a state has found that nobody
 * holds it: it is free, or its process is dead, and both stay true. There is nothing to clean up
 * after a process that dies at any point, since there is nothing besides the one file.
 *
 * Who is dead. A process of the same machine and name space, which can be looked up: at once, when
 * it has ended and none of its threads is still writing. One that can't be looked up (another
 * machine or container, or before a reboot) shows that it lives by renaming its own file every 5
 * seconds. When the name has stayed the same for 30 seconds, by the clock of the one who watches and
 * while it was watching, the holder is taken for dead. That isn't proof, since a process can be
 * suspended for long, so a holder calls `assertHeld` before each change, which fails once the file
 * has another name. No clocks are compared, and no times of files.
 *
 * The directory is born with its file in it: it is prepared under another name and renamed, which
 * fails when there is one already that isn't empty. An empty one can be left only by a power cut.
 *
 * The other design that was looked at, files for generations made with `link`, rests on listings:
 * a contender with an old view that dies between its link and its check leaves a file behind that
 * looks like the lock, and a holder that was suspended brings back, by its release, a generation
 * that was removed.
 */
import { dirname, join } from 'node:path'
import { HoldfastError } from '../model/errors.ts'
import { temporaryPath } from './atomic-write.ts'
import type { Clock } from './clock.ts'
import { directoryError, errorCode } from './directory-error.ts'
import type { FileSystem } from './file-system.ts'
import { BEAT_MS, type HeldLock, Lease } from './held-lock.ts'
import { type LockState, lockFileName, parseLockFileName, type TakenLock } from './lock-state.ts'
import { nodeFileSystem } from './node-file-system.ts'
import type { ProcessTable } from './process-table.ts'
import type { Random } from './random.ts'
import { systemClock } from './system-clock.ts'
import { systemProcessTable } from './system-process-table.ts'
import { systemRandom } from './system-random.ts'

export type { HeldLock } from './held-lock.ts'

export interface DirectoryLockOptions {
  /** The directory that is the lock. Made when missing. */
  readonly path: string
  /** Default: the machine's, as all doors. */
  readonly fileSystem?: FileSystem
  readonly clock?: Clock
  readonly random?: Random
  readonly processes?: ProcessTable
}

export interface AcquireOptions {
  /** How long to wait while another process holds the lock. 0: not at all. */
  readonly waitMs: number
  readonly signal?: AbortSignal
}

/** How long in ms a holder that can't be looked up has to be silent to be taken for dead. */
const SILENT_MS = 30_000
/** First and longest pause in ms between two looks. */
const PAUSE_MS = 5
const PAUSE_MS_MAX = 100
/** Looks in a row, without a pause, at a lock that others are changing at this very moment. */
const LOOKS_MAX = 50
/** Takings that are remembered although they seem to have failed. */
const UNSETTLED_MAX = 16

const NOTE = `The name of this file says who holds the lock that this directory is. It is renamed
whenever that changes. Do not remove or rename it while a process uses the directory above.
`

/** A lock that one process at a time can hold. Other instances in the same process count as others. */
export class DirectoryLock {
  readonly #path: string
  readonly #fileSystem: FileSystem
  readonly #clock: Clock
  readonly #random: Random
  readonly #processes: ProcessTable
  /** Tokens that may turn up on disk although nobody here holds the lock by them. */
  readonly #unsettled = new Set<string>()
  #watched: { readonly name: string; seenMs: number; lastMs: number } | undefined

  constructor(options: DirectoryLockOptions) {
    this.#path = options.path
    this.#fileSystem = options.fileSystem ?? nodeFileSystem
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
    this.#processes = options.processes ?? systemProcessTable
  }

  /**
   * Waits until nobody holds the lock, then holds it. Not in the order of asking.
   * @throws DIRECTORY_BUSY after `waitMs`, saying who holds it
   * @throws DIRECTORY_UNUSABLE
   */
  async acquire({ waitMs, signal }: AcquireOptions): Promise<HeldLock> {
    const deadlineMs = this.#clock.monotonic() + waitMs
    let looks = 0
    for (let pauseMs = PAUSE_MS; ; ) {
      signal?.throwIfAborted()
      const found = await this.#tryAcquire()
      if (found instanceof Lease) return kept(found, signal)
      // It has just changed; looking again at once is worth while, but not for ever.
      if (found === undefined && ++looks < LOOKS_MAX) continue
      looks = 0
      const leftMs = deadlineMs - this.#clock.monotonic()
      if (leftMs <= 0) throw this.#busy(found, waitMs)
      const jitteredMs = pauseMs * (0.5 + this.#random.next() / 2)
      const options = signal === undefined ? {} : { signal }
      await this.#clock.sleep(Math.min(jitteredMs, leftMs), options)
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)
    }
  }

  /** The lock, or who holds it, or `undefined` when it changed at this moment. */
  async #tryAcquire(): Promise<Lease | TakenLock | undefined> {
    try {
      const state = await this.#look()
      if (state === undefined) return undefined
      if (state.kind === 'taken' && !(await this.#isAbandoned(state))) return state
      return await this.#take(state)
    } catch (cause) {
      // Errors without a code are not the file system's.
      if (errorCode(cause) === '') throw cause
      const doing = `take the lock ${this.#path}`
      throw directoryError({ path: this.#path, doing, cause, outcome: 'unchanged' })
    }
  }

  async #look(): Promise<LockState | undefined> {
    let names: readonly string[]
    try {
      names = await this.#fileSystem.readDirectory(this.#path)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      names = []
    }
    const states = names
      .map(parseLockFileName)
      .filter((state) => state !== undefined)
      .sort((a, b) => b.generation - a.generation)
    if (names.length === 0) await this.#create()
    // Two at once are one in the middle of its change, or what a crash of a file system without a
    // journal has left. Generations grow, so the lower one is not the lock, or not any more.
    for (const older of states.slice(1)) await this.#remove(older)
    return states[0]
  }

  /** The one rename that matters. */
  async #take(from: LockState): Promise<Lease | undefined> {
    const to: TakenLock = {
      kind: 'taken',
      generation: from.generation + 1,
      token: this.#newToken(),
      process: await this.#processes.self(),
      sinceMs: Math.floor(this.#clock.now()),
    }
    try {
      await this.#fileSystem.rename(
        join(this.#path, lockFileName(from)),
        join(this.#path, lockFileName(to)),
      )
    } catch (error) {
      // Over a network it may have happened all the same, or happen later.
      this.#remember(to.token)
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
    return new Lease({
      path: this.#path,
      fileSystem: this.#fileSystem,
      clock: this.#clock,
      state: to,
      onUnsettled: (token) => this.#remember(token),
    })
  }

  async #isAbandoned(state: TakenLock): Promise<boolean> {
    if (this.#unsettled.has(state.token)) return true
    const found = await this.#processes.lookUp(state.process)
    return found === 'dead' || (found === 'unknown' && this.#isSilent(state))
  }

  /** Only time spent watching counts: a holder that was suspended together with us is not dead. */
  #isSilent(state: TakenLock): boolean {
    const name = lockFileName(state)
    const nowMs = this.#clock.monotonic()
    if (this.#watched?.name !== name) this.#watched = { name, seenMs: 0, lastMs: nowMs }
    this.#watched.seenMs += Math.min(nowMs - this.#watched.lastMs, BEAT_MS)
    this.#watched.lastMs = nowMs
    return this.#watched.seenMs >= SILENT_MS
  }

  /** Makes the directory with its file, unless somebody else is faster. */
  async #create(): Promise<void> {
    const temporary = temporaryPath(this.#path, this.#random)
    const name = lockFileName({ kind: 'free', generation: 0, token: this.#newToken() })
    try {
      await this.#fileSystem.makeDirectory(temporary)
      const handle = await this.#fileSystem.open(join(temporary, name), 'create')
      try {
        await handle.append(new TextEncoder().encode(NOTE))
      } finally {
        await handle.close()
      }
      await this.#fileSystem.rename(temporary, this.#path)
    } catch (error) {
      await this.#fileSystem.unlink(join(temporary, name)).catch(() => {})
      await this.#fileSystem.removeDirectory(temporary).catch(() => {})
      // Swept away by a holder of the lock, which exists then.
      if (errorCode(error) === 'ENOENT' && (await this.#exists(dirname(this.#path)))) return
      if (!(await this.#exists(this.#path))) throw error
      // Windows doesn't rename onto a directory, not even an empty one. Others are not removed.
      await this.#fileSystem.removeDirectory(this.#path).catch(() => {})
    }
  }

  async #remove(state: LockState): Promise<void> {
    try {
      await this.#fileSystem.unlink(join(this.#path, lockFileName(state)))
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  async #exists(path: string): Promise<boolean> {
    return await this.#fileSystem.stat(path).then(
      () => true,
      () => false,
    )
  }

  #remember(token: string): void {
    this.#unsettled.add(token)
    for (const oldest of this.#unsettled) {
      if (this.#unsettled.size <= UNSETTLED_MAX) return
      this.#unsettled.delete(oldest)
    }
  }

  #newToken(): string {
    return Buffer.from(this.#random.bytes(8)).toString('hex')
  }

  #busy(holder: TakenLock | undefined, waitMs: number): HoldfastError {
    const path = this.#path
    if (holder === undefined) {
      return new HoldfastError(
        'DIRECTORY_BUSY',
        `The lock ${path} kept changing for ${waitMs} ms. Try again, or wait longer. If nobody uses` +
          ' it, something else is in that directory: remove the directory then.',
        { outcome: 'unchanged', retryable: true, details: { path } },
      )
    }
    const { pid, host } = holder.process
    const since = new Date(holder.sinceMs).toISOString()
    return new HoldfastError(
      'DIRECTORY_BUSY',
      `The lock ${path} is held by process ${pid} on ${host} since ${since}; waited ${waitMs} ms. Try` +
        ' again, wait longer, or end that process; when it is gone the lock is free by itself.',
      { outcome: 'unchanged', retryable: true, details: { path, pid, host, since } },
    )
  }
}

/** An abort that came while the lock was being taken gives it back. */
async function kept(lease: Lease, signal: AbortSignal | undefined): Promise<HeldLock> {
  if (signal?.aborted) {
    await lease.release()
    throw signal.reason
  }
  return lease
}
