import type { Clock } from '../durable/clock.ts'
import { HoldfastError } from '../model/errors.ts'
import { LEASE_WAITERS_MAX } from '../model/limits.ts'
import type { LeaseOptions } from './journal.ts'

interface Waiter {
  readonly resources: readonly string[]
  readonly grant: () => void
}

/**
 * Exclusive use of named resources inside one process, in the order of asking: whoever wants
 * several gets all of them at once, so nobody holds one and waits for another (no deadlock), and
 * a later caller never overtakes an earlier one that wants the same resource (no starvation).
 */
export class ResourceQueue {
  readonly #clock: Clock
  readonly #held = new Set<string>()
  readonly #waiters: Waiter[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves with the function that gives the resources back. Calling it twice is fine. */
  async acquire(resources: readonly string[], options: LeaseOptions): Promise<() => void> {
    options.signal?.throwIfAborted()
    const wanted = [...new Set(resources)]
    if (!this.#isFree(wanted, this.#waiters.length)) await this.#wait(wanted, options)
    else this.#take(wanted)
    let released = false
    return () => {
      if (released) return
      released = true
      for (const resource of wanted) this.#held.delete(resource)
      this.#grantWaiters()
    }
  }

  async #wait(resources: readonly string[], { waitMs, signal }: LeaseOptions): Promise<void> {
    if (waitMs <= 0) throw busy(resources, waitMs)
    if (this.#waiters.length >= LEASE_WAITERS_MAX) throw busy(resources, 0)
    const done = new AbortController()
    let waiter: Waiter | undefined
    const granted = new Promise<'granted'>((resolve) => {
      waiter = { resources, grant: () => resolve('granted') }
      this.#waiters.push(waiter)
    })
    const stop = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal])
    const timedOut = this.#clock.sleep(waitMs, { signal: stop }).then(
      () => 'timed out' as const,
      () => 'stopped' as const,
    )
    const ending = await Promise.race([granted, timedOut])
    done.abort()
    const index = this.#waiters.indexOf(waiter as Waiter)
    // No longer queued means that it was granted, even if the time ran out in the same moment.
    if (ending === 'granted' || index < 0) return
    this.#waiters.splice(index, 1)
    this.#grantWaiters()
    signal?.throwIfAborted()
    throw busy(resources, waitMs)
  }

  #isFree(resources: readonly string[], waitersBefore: number): boolean {
    return resources.every(
      (resource) =>
        !this.#held.has(resource) &&
        !this.#waiters
          .slice(0, waitersBefore)
          .some((waiter) => waiter.resources.includes(resource)),
    )
  }

  #take(resources: readonly string[]): void {
    for (const resource of resources) this.#held.add(resource)
  }

  #grantWaiters(): void {
    for (let index = 0; index < this.#waiters.length; ) {
      const waiter = this.#waiters[index] as Waiter
      if (!this.#isFree(waiter.resources, index)) {
        index++
        continue
      }
      this.#waiters.splice(index, 1)
      this.#take(waiter.resources)
      waiter.grant()
    }
  }
}

function busy(resources: readonly string[], waitMs: number): HoldfastError {
  return new HoldfastError(
    'COLLECTION_BUSY',
    `Another operation of this process holds ${resources.join(', ')}; waited ${waitMs} ms. ` +
      'Try again when it has ended, or give a longer `waitMs`.',
    { outcome: 'unchanged', retryable: true, details: { resources } },
  )
}
