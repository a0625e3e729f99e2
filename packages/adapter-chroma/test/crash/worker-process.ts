import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { assertBuilt } from './built-packages.ts'
import type { Calls, Message, Reached, ToldEvent, WorkerError } from './protocol.ts'

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url))
/** A loaded machine needs seconds; what takes longer will never come. */
const ANSWER_WITHIN_MS = 120_000

/** A call that did not end because its process did. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied'
}

/** What a call of a worker threw, there. */
export class WorkerFailure extends Error implements WorkerError {
  override readonly name: string
  readonly code?: string
  readonly outcome?: string

  constructor({ name, message, code, outcome }: WorkerError) {
    super(message)
    this.name = name
    if (code !== undefined) this.code = code
    if (outcome !== undefined) this.outcome = outcome
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process of its own that runs `worker.mjs`. */
export class WorkerProcess {
  /** What listeners in it were told so far. */
  readonly events: ToldEvent[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #messages = new EventEmitter()
  readonly #waiting = new Map<number, Waiting>()
  readonly #reached: Reached[] = []
  #errors = ''
  #nextId = 0
  #hasExited = false

  private constructor() {
    assertBuilt()
    this.#child = fork(WORKER, [], {
      // Keeps float32 vectors what they are.
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      execArgv: [],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    this.#child.on('message', (message) => this.#take(message as Message))
    this.#exited = once(this.#child, 'exit').then(([code, signal]: unknown[]) => {
      this.#hasExited = true
      const how = `the worker ended with ${String(code ?? signal)} ${this.#errors}`
      for (const { reject } of this.#waiting.values()) reject(new ProcessDied(how))
      this.#waiting.clear()
      this.#messages.emit('exit', new ProcessDied(how))
    })
  }

  /** Resolves when it has loaded everything, so that what it does next takes no time to load. */
  static async start(): Promise<WorkerProcess> {
    const worker = new WorkerProcess()
    await worker.#next('ready')
    return worker
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get isAlive(): boolean {
    return !this.#hasExited
  }

  call<Name extends keyof Calls>(
    call: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      if (this.#hasExited) return reject(new ProcessDied('the worker has ended'))
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      this.#child.send({ id, call, args }, (error) => {
        // It died before it could be asked; `exit` follows.
        if (error !== null && this.#waiting.delete(id)) reject(new ProcessDied(error.message))
      })
    })
  }

  /** A method of `manager.operations`. */
  async operate<Result>(method: string, ...args: readonly unknown[]): Promise<Result> {
    return (await this.call('operate', method, args)) as Result
  }

  /** Resolves when it stands still at its stop. @throws ProcessDied */
  async reached(): Promise<Reached> {
    const already = this.#reached.shift()
    if (already !== undefined) return already
    await this.#next('reached')
    return this.#reached.shift() as Reached
  }

  /** Resolves when the process is gone. Tells whether it was still there to be killed. */
  async kill(): Promise<boolean> {
    const wasAlive = !this.#hasExited && this.#child.kill('SIGKILL')
    await this.#exited
    return wasAlive
  }

  /** Closes the manager, and resolves when the process has ended by itself. */
  async close(): Promise<void> {
    await this.call('close')
    this.#child.disconnect()
    await this.#exited
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.result)
        this.#waiting.delete(message.id)
        return
      case 'error':
        this.#waiting.get(message.id)?.reject(new WorkerFailure(message.error))
        this.#waiting.delete(message.id)
        return
      case 'event':
        this.events.push(message.event)
        break
      case 'reached':
        this.#reached.push(message.reached)
        break
      case 'ready':
        break
    }
    this.#messages.emit(message.type)
  }

  /** Resolves with the next message of that type. @throws ProcessDied */
  #next(type: Message['type']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#hasExited) return reject(new ProcessDied('the worker has ended'))
      const stop = (): void => {
        clearTimeout(timer)
        this.#messages.off(type, onMessage)
        this.#messages.off('exit', onExit)
      }
      const onMessage = (): void => {
        stop()
        resolve()
      }
      const onExit = (error: ProcessDied): void => {
        stop()
        reject(error)
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`the worker said nothing of "${type}" for ${ANSWER_WITHIN_MS} ms`))
      }, ANSWER_WITHIN_MS)
      this.#messages.on(type, onMessage)
      this.#messages.on('exit', onExit)
    })
  }
}
