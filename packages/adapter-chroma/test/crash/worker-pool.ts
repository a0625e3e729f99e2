import { WorkerProcess } from './worker-process.ts'

/** Keeps a few workers started ahead, since starting one takes longer than most of what it does. */
export class WorkerPool {
  readonly #ahead: number
  readonly #spare: Promise<WorkerProcess>[] = []
  readonly #taken = new Set<WorkerProcess>()
  #isClosed = false

  constructor(ahead: number) {
    this.#ahead = ahead
  }

  /** A process that has not opened anything yet. */
  async take(): Promise<WorkerProcess> {
    if (this.#spare.length === 0) this.#add()
    const next = this.#spare.shift() as Promise<WorkerProcess>
    while (!this.#isClosed && this.#spare.length < this.#ahead) this.#add()
    const worker = await next
    for (const earlier of this.#taken) if (!earlier.isAlive) this.#taken.delete(earlier)
    this.#taken.add(worker)
    return worker
  }

  /** Ends every worker that is left, in whatever state. */
  async close(): Promise<void> {
    this.#isClosed = true
    const spare = await Promise.allSettled(this.#spare)
    const workers = spare.flatMap((started) =>
      started.status === 'fulfilled' ? [started.value] : [],
    )
    await Promise.all([...this.#taken, ...workers].map((worker) => worker.kill()))
  }

  #add(): void {
    const starting = WorkerProcess.start()
    // Whoever takes it is told.
    starting.catch(() => {})
    this.#spare.push(starting)
  }
}
