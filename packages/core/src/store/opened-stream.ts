/** A stream of an adapter while it is being read. It is opened by the first `next`. */
export class OpenedStream<T> {
  readonly #open: (signal: AbortSignal) => AsyncIterable<T>
  readonly #stop = new AbortController()
  #iterator: AsyncIterator<T> | undefined

  constructor(open: (signal: AbortSignal) => AsyncIterable<T>) {
    this.#open = open
  }

  /** When `call` aborts, nobody waits for the piece any more, so the whole stream is told to stop. */
  async next(call: AbortSignal): Promise<IteratorResult<T>> {
    call.addEventListener('abort', () => this.#stop.abort(call.reason), { once: true })
    this.#iterator ??= this.#open(this.#stop.signal)[Symbol.asyncIterator]()
    return this.#iterator.next()
  }

  /** Lets go of what the stream holds. May never resolve while a `next` is pending. */
  async release(): Promise<void> {
    await this.#iterator?.return?.()
  }

  /** Lets go without waiting: whatever is pending may hang. */
  abandon(reason: unknown): void {
    this.#stop.abort(reason)
    this.release().catch(() => {})
  }
}
