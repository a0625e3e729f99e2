/**
 * @typedef {import('./protocol.ts').Stop} Stop
 * @typedef {import('./protocol.ts').Effect} Effect
 * @typedef {import('./protocol.ts').EffectKind} EffectKind
 */

/** Longest time that a listener holds its process up; whoever waits for it to stop kills it sooner. */
const HELD_UP_MS_MAX = 60_000

/**
 * Counts what this process changes and what it tells, and stands still at one of them, so that it
 * can be killed exactly there.
 */
export class Stops {
  /** @type {Effect[]} */
  #effects = []
  /** @type {Stop | undefined} */
  #stop
  #goOn = () => {}
  #tell

  /** @param {(what: string) => void} tell called at the stop */
  constructor(tell) {
    this.#tell = tell
  }

  /** @param {Stop | undefined} stop */
  set(stop) {
    this.#effects = []
    this.#stop = stop
  }

  get effects() {
    return this.#effects
  }

  goOn() {
    this.#goOn()
  }

  /**
   * One change. It goes its way unless the stop is here.
   *
   * @template Result
   * @param {EffectKind} kind
   * @param {string} name
   * @param {() => Promise<Result>} run
   * @param {() => Promise<Result>} [half] what is done of it when the process dies meanwhile
   * @returns {Promise<Result>}
   */
  async effect(kind, name, run, half = run) {
    const index = this.#effects.filter((effect) => effect.kind === kind).length
    this.#effects.push({ kind, name })
    const stop = this.#stop
    const here =
      stop !== undefined && 'effect' in stop && stop.kind === kind && stop.effect === index
    if (!here) return run()
    this.#stop = undefined
    const what = `${stop.moment} ${kind} ${name}`
    if (stop.moment === 'before') await this.#standStill(what)
    if (stop.moment === 'during') {
      const running = half()
      running.catch(() => {
        // Most often the process dies before it could know.
      })
      await new Promise((resolve) => setTimeout(resolve, stop.delayMs))
      await this.#standStill(what)
      if (half === run) return running
      throw new Error('What is half done can only be cut short here.')
    }
    const result = await run()
    if (stop.moment === 'after') await this.#standStill(what)
    return result
  }

  /**
   * Something that was told to a listener. Nothing else of this process goes on while it stands
   * still here, as nothing goes on in a process that is dead.
   *
   * @param {string} name
   */
  event(name) {
    if (this.#stop === undefined || !('event' in this.#stop) || this.#stop.event !== name) return
    this.#stop = undefined
    this.#tell(name)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_UP_MS_MAX)
  }

  /** @param {string} what */
  #standStill(what) {
    this.#tell(what)
    return new Promise((resolve) => {
      this.#goOn = () => resolve(undefined)
    })
  }
}
