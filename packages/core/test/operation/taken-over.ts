import type { OperationRecord } from '../../src/journal/journal.ts'
import { EventBus } from '../../src/model/event-bus.ts'
import { recoverAll } from '../../src/operation/recover.ts'
import { operations } from '../../src/operation/registry.ts'
import { GuardedStore } from '../../src/store/guarded-store.ts'
import type { MemoryStore } from '../../src/testing/memory-store.ts'
import { TransactionalOperations } from '../../src/transactional-operations.ts'
import { Storage } from './storage.ts'
import type { World } from './world.ts'

export interface LateProcess {
  readonly operations: TransactionalOperations
  /** Resolves when the process stands still, with its effects in the store and unverified. */
  readonly asleep: Promise<void>
  wake(): void
  recover(): Promise<unknown>
  list(): Promise<readonly OperationRecord[]>
}

/** A process on the disk of `world` to which processes of an earlier generation are dead. */
export async function withStorage(world: World, generation: number): Promise<LateProcess> {
  const { clock, random } = world
  const storage = new Storage(clock, random, world.storage.disk, generation)
  const { journal, backups } = await storage.open()
  const [asleep, fallAsleep] = signal()
  const [awake, wake] = signal()
  const store = generation > 0 ? world.store : sleeping(world.store, fallAsleep, awake)
  const guarded = new GuardedStore(store, { clock, random, callTimeoutMs: 1e12 })
  const parts = { store: guarded, journal, backups, clock, random, operations }
  const engine = { ...parts, events: new EventBus() }
  const defaults = { waitMs: 1000, keepForMs: 0 }
  return {
    operations: new TransactionalOperations(engine, defaults, (run) => run()),
    asleep,
    wake,
    recover: () => recoverAll(engine, { waitMs: 0 }),
    list: () => journal.list(),
  }
}

/** Stands still right after its first effect on a collection. */
function sleeping(store: MemoryStore, fallAsleep: () => void, awake: Promise<void>): MemoryStore {
  const pauseAfter = <Args extends unknown[], Result>(
    effect: (...args: Args) => Promise<Result>,
  ): ((...args: Args) => Promise<Result>) => {
    return async (...args) => {
      const result = await effect(...args)
      fallAsleep()
      await awake
      return result
    }
  }
  store.putRecords = pauseAfter(store.putRecords.bind(store))
  const rename = store.renameCollection?.bind(store)
  if (rename !== undefined) Object.assign(store, { renameCollection: pauseAfter(rename) })
  return store
}

function signal(): readonly [Promise<void>, () => void] {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return [given, give]
}
