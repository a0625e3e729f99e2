import type { Clock } from './durable/clock.ts'
import { cleaningUp, type Engine } from './operation/engine.ts'
import { recoverAll } from './operation/recover.ts'
import { tidyUp } from './operation/undo-window.ts'

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

  start(): void {
    this.#running = this.#loop()
  }

  /** Resolves when nothing goes on any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(this.#intervalMs, { signal, unref: true })
      } catch {
        return
      }
      await keepHouse(this.#engine)
    }
  }
}

/** One round. Failures are told as `cleanup:failed` and tried again in the next one. */
export async function keepHouse(engine: Engine): Promise<void> {
  await cleaningUp(engine, 'recovering open operations', async () => {
    await recoverAll(engine, { waitMs: 0 })
  })
  await tidyUp(engine)
}
