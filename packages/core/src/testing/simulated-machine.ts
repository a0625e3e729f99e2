import { createHash } from 'node:crypto'
import type { ProcessIdentity, ProcessTable } from '../durable/process-table.ts'

/** A machine whose processes begin and end when the test says so. */
export class SimulatedMachine {
  readonly #host: string
  readonly #place: string
  readonly #alive = new Map<number, ProcessIdentity>()
  #starts = 0

  /** Processes of machines with other names can't be looked up from this one. */
  constructor(host: string) {
    this.#host = host
    this.#place = createHash('sha256').update(host).digest('hex').slice(0, 16)
  }

  /** A new process, with the lowest number that is free: numbers come back at once. */
  start(): SimulatedProcess {
    let pid = 1
    while (this.#alive.has(pid)) pid++
    const startedAt = String(++this.#starts)
    const identity = { pid, startedAt, place: this.#place, host: this.#host }
    this.#alive.set(pid, identity)
    return new SimulatedProcess(this, identity)
  }

  /** For its processes. */
  lookUp(process: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
    if (process.place !== this.#place) return 'unknown'
    return this.#alive.get(process.pid)?.startedAt === process.startedAt ? 'alive' : 'dead'
  }

  /** For its processes. */
  end({ pid }: ProcessIdentity): void {
    this.#alive.delete(pid)
  }
}

/** One process of it, and what it sees of the others. */
export class SimulatedProcess implements ProcessTable {
  readonly #machine: SimulatedMachine
  readonly #identity: ProcessIdentity
  #hasEnded = false

  constructor(machine: SimulatedMachine, identity: ProcessIdentity) {
    this.#machine = machine
    this.#identity = identity
  }

  async self(): Promise<ProcessIdentity> {
    return this.#identity
  }

  async lookUp(process: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
    return this.#machine.lookUp(process)
  }

  /** As a kill does. From then on the others find it dead. */
  kill(): void {
    if (!this.#hasEnded) this.#machine.end(this.#identity)
    this.#hasEnded = true
  }
}
