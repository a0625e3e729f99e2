/** The door to time. Tests put a clock behind it that moves when they say so. */
export interface Clock {
  /** Milliseconds since 1970, by the wall. May jump. */
  now(): number
  /** Milliseconds since some fixed moment. Never goes back. */
  monotonic(): number
  /** Resolves after `ms`. Rejects with `signal.reason` when aborted; does not keep a process alive if `unref`. */
  sleep(
    ms: number,
    options?: { readonly signal?: AbortSignal; readonly unref?: boolean },
  ): Promise<void>
}
