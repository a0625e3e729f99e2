import { isEnded } from '../../src/journal/journal.ts'
import { EventBus } from '../../src/model/event-bus.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import type { Engine } from '../../src/operation/engine.ts'
import { type RecoveryReport, recoverAll } from '../../src/operation/recover.ts'
import { operations } from '../../src/operation/registry.ts'
import { tidyUp } from '../../src/operation/undo-window.ts'
import { GuardedStore } from '../../src/store/guarded-store.ts'
import { FaultPlan } from '../../src/testing/fault-plan.ts'
import type { Survival } from '../../src/testing/memory-node.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import { MemoryStoreData, type MemoryStoreSnapshot } from '../../src/testing/memory-store-data.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import { withFaults } from '../../src/testing/with-faults.ts'
import { TransactionalOperations } from '../../src/transactional-operations.ts'
import { Storage, type StorageParts } from './storage.ts'

/** What kind of store a test runs on. */
export interface StoreKind {
  readonly rename: boolean
  readonly identity: 'id' | 'name'
  readonly vectorFidelity: 'exact' | 'normalized'
}

export const STORE_KINDS: readonly StoreKind[] = [
  { rename: true, identity: 'id', vectorFidelity: 'exact' },
  { rename: true, identity: 'name', vectorFidelity: 'exact' },
  { rename: false, identity: 'id', vectorFidelity: 'exact' },
  { rename: false, identity: 'name', vectorFidelity: 'normalized' },
]

/** One running process of ours: its own parts on the shared store and disk. */
export interface Process {
  readonly engine: Engine
  readonly operations: TransactionalOperations
}

/** A store, a disk and a clock, on which processes run, die and start again. */
export class World {
  readonly clock = new SimulatedClock({ selfAdvancing: true })
  readonly random: SeededRandom
  readonly data = new MemoryStoreData()
  readonly kind: StoreKind
  #storage: Storage

  constructor(kind: StoreKind, seed: number) {
    this.kind = kind
    this.random = new SeededRandom(seed)
    this.#storage = new Storage(this.clock, this.random)
  }

  get storage(): Storage {
    return this.#storage
  }

  /** The store without any guard or fault, for looking and preparing. */
  get store(): MemoryStore {
    return new MemoryStore({ ...this.kind, data: this.data, batchRecordsMax: 4 })
  }

  async start(plan: FaultPlan = new FaultPlan()): Promise<Process> {
    return this.#assemble(await this.#storage.open(), plan)
  }

  /** A process that may die while others live. */
  async startMortal(plan: FaultPlan, isKilled: () => boolean): Promise<Process> {
    return this.#assemble(await this.#storage.open(() => plan.dead || isKilled()), plan)
  }

  #assemble(parts: StorageParts, plan: FaultPlan): Process {
    const { clock, random } = this
    const engine: Engine = {
      store: new GuardedStore(withFaults(this.store, plan), { clock, random, attemptsMax: 3 }),
      journal: withFaults(parts.journal, plan),
      backups: withFaults(parts.backups, plan),
      events: new EventBus(),
      clock,
      random,
      operations,
    }
    const defaults = { waitMs: 1000, keepForMs: 1_000_000 }
    return {
      engine,
      operations: new TransactionalOperations(engine, defaults, (run) => run()),
    }
  }

  /** Every process has died; what they had written is there. */
  killAll(): void {
    this.#storage = this.#storage.afterProcessDeath()
  }

  /** The power was cut: every process has died, and what was not synced may be gone. */
  cutPower(keep: Survival): void {
    this.#storage = this.#storage.afterPowerCut(keep)
  }

  /** A fresh process that recovers. */
  async recover(plan?: FaultPlan): Promise<{
    readonly process: Process
    readonly reports: readonly RecoveryReport[]
  }> {
    const process = await this.start(plan)
    const reports = await recoverAll(process.engine, { waitMs: 0 })
    await tidyUp(process.engine)
    return { process, reports }
  }

  snapshot(): MemoryStoreSnapshot {
    return this.data.snapshot()
  }
}

/** Records whose ids, vectors and metadata all differ. */
export function recordsFor(
  random: SeededRandom,
  ids: readonly string[],
  label: string,
): readonly VectorRecord[] {
  return ids.map((id) => ({
    id,
    vector: Float32Array.from([1 + random.next(), random.next() - 0.5, random.next() - 0.5]),
    metadata: { label, id },
    text: `${label} of ${id}`,
  }))
}

/** What must be true of every world at rest, whatever went wrong before. */
export async function restViolations(world: World): Promise<readonly string[]> {
  const { engine } = await world.start()
  const violations: string[] = []
  for (const operation of await engine.journal.list()) {
    if (!isEnded(operation)) violations.push(`${operation.kind} is left ${operation.state}`)
  }
  for (const { name } of world.data.all()) {
    const lease = await engine.journal.acquire([`collection:${name}`], { waitMs: 0 })
    await lease[Symbol.asyncDispose]()
  }
  return violations
}
