import { EventEmitter } from 'eventemitter3'
import type { EventName, HoldfastEvents } from './events.ts'

export type Listener<Name extends EventName> = (event: HoldfastEvents[Name]) => unknown

/** Called with what a listener threw or rejected with. */
export type ListenerErrorHandler = (error: unknown, event: EventName) => void

/**
 * Typed events on eventemitter3 in which a listener that throws, or whose promise rejects, reaches
 * neither the operation nor the other listeners.
 */
export class EventBus {
  readonly #emitter = new EventEmitter()
  readonly #onListenerError: ListenerErrorHandler

  constructor(onListenerError: ListenerErrorHandler = warn) {
    this.#onListenerError = onListenerError
  }

  /** Returns the function that unsubscribes. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    const guarded = (event: HoldfastEvents[Name]): void => this.#call(name, listener, event)
    this.#emitter.on(name, guarded)
    return () => {
      this.#emitter.off(name, guarded)
    }
  }

  emit<Name extends EventName>(name: Name, event: HoldfastEvents[Name]): void {
    this.#emitter.emit(name, event)
  }

  removeAllListeners(): void {
    this.#emitter.removeAllListeners()
  }

  #call<Name extends EventName>(
    name: Name,
    listener: Listener<Name>,
    event: HoldfastEvents[Name],
  ): void {
    try {
      const returned = listener(event)
      if (returned instanceof Promise) {
        returned.catch((error: unknown) => this.#report(error, name))
      }
    } catch (error) {
      this.#report(error, name)
    }
  }

  #report(error: unknown, name: EventName): void {
    try {
      this.#onListenerError(error, name)
    } catch {
      // A handler of errors that throws has nobody left to tell.
    }
  }
}

function warn(error: unknown, name: EventName): void {
  const text = error instanceof Error ? error.message : String(error)
  process.emitWarning(`A listener of "${name}" failed: ${text}`, 'HoldfastListenerWarning')
}
