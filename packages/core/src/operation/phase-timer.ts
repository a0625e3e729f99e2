import type { Clock } from '../durable/clock.ts'

export type Phase = 'lease' | 'plan' | 'checkpoint' | 'execute' | 'verify' | 'commit'

/** Milliseconds per phase; `total` counts also what lies between them. */
export type Durations = Readonly<Partial<Record<Phase, number>>> & { readonly total: number }

/** How long each phase of an operation took. */
export class PhaseTimer {
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #phases: Partial<Record<Phase, number>> = {}

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  async time<Result>(phase: Phase, run: () => Promise<Result>): Promise<Result> {
    const startedAt = this.#clock.monotonic()
    try {
      return await run()
    } finally {
      this.#phases[phase] = this.#clock.monotonic() - startedAt
    }
  }

  durationsMs(): Durations {
    return { ...this.#phases, total: this.#clock.monotonic() - this.#startedAt }
  }
}
