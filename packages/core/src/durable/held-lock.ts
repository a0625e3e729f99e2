import { join } from 'node:path'
import { HoldfastError } from '../model/errors.ts'
import type { Clock } from './clock.ts'
import { directoryError, errorCode } from './directory-error.ts'
import type { FileSystem } from './file-system.ts'
import { type LockState, lockFileName, parseLockFileName, type TakenLock } from './lock-state.ts'

/** How often in ms a holder gives a sign of life. */
export const BEAT_MS = 5_000

/** The right to change what the lock is for, until it is released or taken away. */
export interface HeldLock extends AsyncDisposable {
  /**
   * Call it right before each change. Cheap: most often it asks for the state of one file.
   * @throws LEASE_LOST when another process has taken over, since this one seemed dead
   * @throws DIRECTORY_UNUSABLE when that can't be found out
   */
  assertHeld(): Promise<void>
  /**
   * Gives the lock back. Doing it twice is fine, and so is doing it after the lock was lost.
   * @throws DIRECTORY_UNUSABLE: others must wait until it is tried again or this process ends
   */
  release(): Promise<void>
}

export interface LeaseParts {
  /** Directory of the lock. */
  readonly path: string
  readonly fileSystem: FileSystem
  readonly clock: Clock
  /** As it is on disk now. */
  readonly state: TakenLock
  /** Called when it has ended, but perhaps not on disk. */
  readonly onUnsettled: (token: string) => void
}

/**
 * One holding of a `DirectoryLock`. Whoever holds it renames its file from time to time: the rename
 * succeeds only while nobody has taken over, and shows the others that somebody is there.
 */
export class Lease implements HeldLock {
  readonly #parts: LeaseParts
  readonly #stop = new AbortController()
  #state: TakenLock
  #lastBeatMs: number
  #end: 'released' | 'lost' | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(parts: LeaseParts) {
    this.#parts = parts
    this.#state = parts.state
    this.#lastBeatMs = parts.clock.monotonic()
    void this.#beatOn()
  }

  assertHeld(): Promise<void> {
    return this.#next(async () => {
      const { clock, fileSystem, path } = this.#parts
      try {
        if (this.#end === undefined && clock.monotonic() - this.#lastBeatMs < BEAT_MS) {
          if (await isThere(fileSystem, join(path, lockFileName(this.#state)))) return
        }
        // After a longer pause, seeing the name is not enough: others may be about to take over.
        await this.#beat()
      } catch (cause) {
        throw translated(cause, `look at the lock ${path}`, path)
      }
      if (this.#end !== undefined) throw this.#lostError()
    })
  }

  release(): Promise<void> {
    this.#stop.abort()
    return this.#next(async () => {
      const { path, onUnsettled } = this.#parts
      try {
        if (await this.#replace(({ generation, token }) => ({ kind: 'free', generation, token }))) {
          this.#end = 'released'
        }
      } catch (cause) {
        onUnsettled(this.#state.token)
        throw translated(cause, `give back the lock ${path}`, path)
      }
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async #beatOn(): Promise<void> {
    const { clock } = this.#parts
    while (this.#end === undefined) {
      try {
        await clock.sleep(BEAT_MS, { unref: true, signal: this.#stop.signal })
      } catch {
        return
      }
      // What fails now is tried again at the next beat, and told by `assertHeld`.
      await this.#next(() => this.#beat()).catch(() => {})
    }
  }

  async #beat(): Promise<void> {
    const startMs = this.#parts.clock.monotonic()
    if (await this.#replace((state) => state)) this.#lastBeatMs = startMs
  }

  /** Gives the file its next name. False, and the lease has ended, when it isn't ours any more. */
  async #replace(next: (state: TakenLock) => LockState): Promise<boolean> {
    const { path, fileSystem } = this.#parts
    while (this.#end === undefined) {
      const from = this.#state
      const to = { ...next(from), generation: from.generation + 1 }
      try {
        await fileSystem.rename(join(path, lockFileName(from)), join(path, lockFileName(to)))
        if (to.kind === 'taken') this.#state = to
        return true
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
      }
      // An earlier rename may have happened although its answer was lost.
      const found = await this.#find()
      if (found !== undefined && found.generation > from.generation) this.#state = found
      else this.#lose()
    }
    return false
  }

  #lose(): void {
    this.#end = 'lost'
    this.#parts.onUnsettled(this.#state.token)
  }

  async #find(): Promise<TakenLock | undefined> {
    const { path, fileSystem } = this.#parts
    const names = await fileSystem.readDirectory(path).catch((error) => {
      if (errorCode(error) === 'ENOENT') return []
      throw error
    })
    for (const name of names) {
      const state = parseLockFileName(name)
      if (state?.kind === 'taken' && state.token === this.#state.token) return state
    }
    return undefined
  }

  #next<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(run)
    this.#queue = result.catch(() => {})
    return result
  }

  #lostError(): HoldfastError {
    const { path } = this.#parts
    const reason =
      this.#end === 'released'
        ? 'was given back'
        : 'was taken over by another process, because this one gave no sign of life'
    return new HoldfastError(
      'LEASE_LOST',
      `The lock ${path} ${reason}. Nothing was changed; start again with what is there now.`,
      { outcome: 'unchanged', retryable: false, details: { path } },
    )
  }
}

async function isThere(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.stat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

/** Errors of the file system get a sentence. Whatever else it is stays as it is. */
function translated(cause: unknown, doing: string, path: string): unknown {
  if (errorCode(cause) === '' || cause instanceof HoldfastError) return cause
  return directoryError({ path, doing, cause, outcome: 'unchanged' })
}
