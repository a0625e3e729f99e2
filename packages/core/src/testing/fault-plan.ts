import { HoldfastError } from '../model/errors.ts'

/**
 * How one call goes wrong. `before` nothing happens; `after` it happens and its answer is lost;
 * `partial` keeps the first half of what it was given; `late` fails now and happens when `land` is
 * called, as a request does that outlives its timeout.
 */
export type Fault = 'before' | 'after' | 'partial' | 'late'

export interface FaultPlanOptions {
  /** Which effect fails, counted from 0. Default: none. */
  readonly at?: number
  /** Default `before`. */
  readonly fault?: Fault
  /** Whether the process dies of it. Default false: it sees an error and goes on. */
  readonly crash?: boolean
  /** A later effect at which the process dies, with the same fault, after it survived the first. */
  readonly crashAt?: number
  /**
   * How many calls fail in a row, the one at `at` included. Default 1, which one retry hides;
   * `Infinity` lasts until `heal()`.
   */
  readonly times?: number
  /**
   * Which calls `times` is about: those of the same method, or all of the same part (store, journal,
   * backups or disk), reads included, as when it can't be reached. Default `method`.
   */
  readonly reach?: 'method' | 'part'
  /** Whether the error says that trying again can help. Default true. */
  readonly retryable?: boolean
  /** Whether reads are effects, so that they can fail too. Default false. */
  readonly reads?: boolean
}

/** What a dead process sees of its parts. Nobody else ever throws it. */
export class CrashError extends Error {
  override readonly name = 'CrashError'
}

/** One call of a wrapped part: a place to fail. */
export interface FaultPlace<Result> {
  readonly part: 'store' | 'journal' | 'backups' | 'disk'
  readonly method: string
  /** What it concerns, for the trace. */
  readonly about?: string
  /** True when it changes nothing. */
  readonly reads?: boolean
  run(): Promise<Result>
  /** The first half of it. Absent where there are no halves. */
  half?(dies: boolean): Promise<unknown>
  /** Takes along what it needs, and returns what lands later. Default: `run` lands. */
  late?(): Promise<() => Promise<unknown>>
}

/**
 * Decides, from a plan made in advance, which of the effects fails: a call that changes something
 * in a store, a journal or a repository, and each batch that a backup reads while it is written.
 * Shared by all parts of one simulated process. Without options nothing fails and `effects` counts,
 * which tells an enumeration how far to go.
 *
 * A disk takes part with `onCall: (call) => plan.call({ part: 'disk', ...call })`.
 */
export class FaultPlan {
  readonly #options: FaultPlanOptions
  readonly #trace: string[] = []
  readonly #late: (() => Promise<unknown>)[] = []
  #outage: { readonly part: string; readonly method: string; left: number } | undefined
  #dead = false

  constructor(options: FaultPlanOptions = {}) {
    this.#options = options
  }

  /** How many effects there have been. */
  get effects(): number {
    return this.#trace.length
  }

  /** The effects by name, such as `store.putRecords docs`. */
  get trace(): readonly string[] {
    return this.#trace
  }

  /** Whether the process has died. Every further call of every wrapped part throws `CrashError`. */
  get dead(): boolean {
    return this.#dead
  }

  /** Ends an outage. */
  heal(): void {
    this.#outage = undefined
  }

  /** Lets what is late happen, in order; what the store says then reaches nobody. */
  async land(): Promise<void> {
    for (const effect of this.#late.splice(0)) await effect().catch(() => {})
  }

  /** For whoever wraps a part of their own: goes through with the call, or fails as planned. */
  async call<Result>(place: FaultPlace<Result>): Promise<Result> {
    this.throwIfDead()
    const index = this.#count(place)
    const dies = this.#dies(index)
    if (dies || this.#hits(place, index)) return this.#fail(place, dies)
    const result = await place.run()
    // Another call may have killed the process meanwhile; then nobody is left to take the answer.
    this.throwIfDead()
    return result
  }

  throwIfDead(): void {
    if (this.#dead) throw new CrashError('dead')
  }

  #count(place: FaultPlace<unknown>): number {
    if (place.reads && !this.#options.reads) return -1
    return this.#trace.push(nameOf(place)) - 1
  }

  #dies(index: number): boolean {
    const { at, crash, crashAt } = this.#options
    return index >= 0 && (index === crashAt || (index === at && crash === true))
  }

  #hits({ part, method }: FaultPlace<unknown>, index: number): boolean {
    const { at, times = 1, reach = 'method' } = this.#options
    if (index >= 0 && index === at) this.#outage = { part, method, left: times }
    const outage = this.#outage
    if (outage === undefined || outage.left <= 0 || outage.part !== part) return false
    if (reach === 'method' && outage.method !== method) return false
    outage.left--
    return true
  }

  async #fail(place: FaultPlace<unknown>, dies: boolean): Promise<never> {
    const { fault = 'before', retryable = true } = this.#options
    if (fault === 'after') await place.run().catch(() => {})
    if (fault === 'partial') await place.half?.(dies).catch(() => {})
    if (fault === 'late' && !place.reads) await this.#delay(place)
    if (dies) this.#dead = true
    if (this.#dead) throw new CrashError(`${fault} ${nameOf(place)}`)
    throw failure(place, fault, retryable)
  }

  /** What can't even be made ready never lands. */
  async #delay(place: FaultPlace<unknown>): Promise<void> {
    const ready = place.late === undefined ? place.run : await place.late().catch(() => undefined)
    if (ready !== undefined) this.#late.push(ready)
  }
}

function nameOf({ part, method, about }: FaultPlace<unknown>): string {
  return about === undefined ? `${part}.${method}` : `${part}.${method} ${about}`
}

/** What an honest part reports: it knows that nothing happened only when it could not even ask. */
function failure(place: FaultPlace<unknown>, fault: Fault, retryable: boolean): Error {
  const { part, method } = place
  if (part === 'disk') return ioError(nameOf(place))
  const cause = new Error(`planned fault: ${fault} ${part}.${method}`)
  const outcome = place.reads || fault === 'before' ? 'unchanged' : 'unknown'
  const options = { outcome, retryable, cause } as const
  if (part !== 'store') {
    return new HoldfastError('DIRECTORY_UNUSABLE', `The ${part} failed: ${method}.`, options)
  }
  return fault === 'late'
    ? new HoldfastError('STORE_TIMEOUT', `The store gave no answer to ${method}.`, options)
    : new HoldfastError('STORE_UNAVAILABLE', `The store could not be reached: ${method}.`, options)
}

/** As Node throws it when a device fails. */
function ioError(place: string): Error {
  return Object.assign(new Error(`EIO: i/o error, ${place}`), { code: 'EIO' })
}
