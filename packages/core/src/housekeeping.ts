import type { Clock } from './durable/clock.ts'
import { cleaningUp, type Engine } from './operation/engine.ts'
import { recoverAll } from './operation/recover.ts'
import { tidyUp } from './operation/undo-window.ts'

/** Pause in ms while an operation is open. As long as the beat by which a holder shows its life. */
const OPEN_INTERVAL_MS = 5_000

/**
 * What goes on in the background: ends operations that could not be ended when they ran, because
 * the store was away, and drops backups whose undo window has passed. Never keeps a process alive.
 */
export class Housekeeping {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(engine: Engine, intervalMs: number) {
    this.#engine = engine
    this.#clock = engine.clock
    this.#intervalMs = intervalMs
  }

  /** @param after what has to end first */
  start(after: Promise<unknown> | undefined): void {
    this.#running = this.#loop(after)
  }

  /** Resolves when nothing goes on any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** What is open is looked after soon: its holder may be dead, or its store back. */
  async #pauseMs(): Promise<number> {
    const open = await this.#engine.journal.listOpen().catch(() => [])
    return open.length > 0 ? Math.min(OPEN_INTERVAL_MS, this.#intervalMs) : this.#intervalMs
  }

  async #loop(after: Promise<unknown> | undefined): Promise<void> {
    const { signal } = this.#stop
    await after
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(await this.#pauseMs(), { signal, unref: true })
      } catch {
        return
      }
      await keepHouse(this.#engine, signal)
    }
  }
}

/** One round. Failures are told as `cleanup:failed` and tried again in the next one. */
async function keepHouse(engine: Engine, signal: AbortSignal): Promise<void> {
  await cleaningUp(engine, 'recovering open operations', async () => {
    await recoverAll(engine, { waitMs: 0, signal })
  })
  if (!signal.aborted) await tidyUp(engine)
}
