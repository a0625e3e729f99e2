import type { Clock } from '../../src/durable/clock.ts'
import type { FileSystem } from '../../src/durable/file-system.ts'
import type { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import type { SeededRandom } from '../../src/testing/seeded-random.ts'

/** One simulated process, as the scheduler sees it. */
export interface Actor {
  /** How likely it is to be chosen, compared to the others. Slow ones live with old views. */
  readonly speed: number
  isDead: boolean
}

interface Turn {
  readonly actor: Actor
  readonly dueMs: number
  readonly weight: number
  readonly sinceStep: number
  take(): void
}

/** Milliseconds that pass with each step. */
const STEP_MS = 200

/**
 * Runs simulated processes one step at a time, in an order that a seed decides. Each call to the
 * disk waits for a turn before it has its effect, and for another one before its answer arrives.
 */
export class Interleaving {
  readonly #random: SeededRandom
  readonly #isPunctual: boolean
  #turns: Turn[] = []
  #step = 0

  /**
   * `isPunctual`: sleeps take their time and nobody waits for long, as on machines that are not
   * suspended. Otherwise everything may take any time.
   */
  constructor(random: SeededRandom, options: { readonly isPunctual: boolean }) {
    this.#random = random
    this.#isPunctual = options.isPunctual
  }

  get nowMs(): number {
    return this.#step * STEP_MS
  }

  turn(
    actor: Actor,
    {
      weight = 1,
      sleepMs = 0,
      signal,
    }: { weight?: number; sleepMs?: number; signal?: AbortSignal } = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn: Turn = {
        actor,
        weight: weight * actor.speed,
        dueMs: this.nowMs + sleepMs,
        sinceStep: this.#step,
        take: resolve,
      }
      this.#turns.push(turn)
      signal?.addEventListener('abort', () => {
        this.#turns = this.#turns.filter((other) => other !== turn)
        reject(signal.reason)
      })
    })
  }

  /** Goes on until `isOver`; false when that takes more than `stepsMax`. */
  async run(
    isOver: () => boolean,
    stepsMax: number,
    beforeStep: () => Promise<void>,
  ): Promise<boolean> {
    await rest()
    while (!isOver()) {
      if (this.#step++ > stepsMax) return false
      await beforeStep()
      this.#choose()?.take()
      await rest()
    }
    return true
  }

  /** A killed process may have a call under way, which still has its effect or not. */
  async kill(actor: Actor): Promise<void> {
    const pending = this.#turns.filter((turn) => turn.actor === actor)
    this.#turns = this.#turns.filter((turn) => turn.actor !== actor)
    actor.isDead = true
    for (const turn of pending) if (this.#random.next() < 0.5) turn.take()
    await rest()
    this.#turns = this.#turns.filter((turn) => turn.actor !== actor)
  }

  #choose(): Turn | undefined {
    let turns = this.#turns
    if (this.#isPunctual) {
      turns = turns.filter(({ dueMs }) => dueMs <= this.nowMs)
      const late = turns.find(({ sinceStep }) => this.#step - sinceStep > 20)
      if (late !== undefined) turns = [late]
    }
    const chosen = this.#draw(turns)
    this.#turns = this.#turns.filter((turn) => turn !== chosen)
    return chosen
  }

  #draw(turns: readonly Turn[]): Turn | undefined {
    let left = turns.reduce((sum, { weight }) => sum + weight, 0) * this.#random.next()
    for (const turn of turns) {
      left -= turn.weight
      if (left < 0) return turn
    }
    return turns.at(-1)
  }

  clockOf(actor: Actor): Clock {
    return {
      now: () => this.nowMs,
      monotonic: () => this.nowMs,
      sleep: (sleepMs, { signal, unref = false } = {}) => {
        if (signal?.aborted) return Promise.reject(signal.reason)
        const weight = unref && !this.#isPunctual ? 0.05 : 1
        return this.turn(actor, { sleepMs, weight, ...(signal === undefined ? {} : { signal }) })
      },
    }
  }

  /** The disk as `actor` reaches it. Listings are not atomic, as on real disks. */
  diskOf(actor: Actor, disk: MemoryFileSystem): FileSystem {
    const gated = async <Result>(run: () => Promise<Result>): Promise<Result> => {
      await this.turn(actor)
      const answer = await run().then(
        (value) => () => value,
        (error) => () => {
          throw error
        },
      )
      await this.turn(actor)
      return answer()
    }
    return {
      open: (path, mode) => gated(() => disk.open(path, mode)),
      readFile: (path) => gated(() => disk.readFile(path)),
      rename: (from, to) => gated(() => disk.rename(from, to)),
      unlink: (path) => gated(() => disk.unlink(path)),
      makeDirectory: (path) => gated(() => disk.makeDirectory(path)),
      removeDirectory: (path) => gated(() => disk.removeDirectory(path)),
      stat: (path) => gated(() => disk.stat(path)),
      syncDirectory: (path) => gated(() => disk.syncDirectory(path)),
      readDirectory: async (path) => {
        await this.turn(actor)
        const samples: (readonly string[])[] = [await disk.readDirectory(path)]
        for (let sample = 0; sample < 3; sample++) {
          await this.turn(actor)
          // What is removed meanwhile may be listed or not, and so may what is added.
          samples.push(await disk.readDirectory(path).catch(() => []))
        }
        const all = new Set(samples.flat())
        return [...all].filter(
          (name) => samples.every((names) => names.includes(name)) || this.#random.next() < 0.5,
        )
      },
    }
  }
}

/** Everything that does not wait for a turn has come to rest after it. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
