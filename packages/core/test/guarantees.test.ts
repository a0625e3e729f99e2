import { describe, expect, it } from 'vitest'
import {
  type ConsistencyManager,
  type ConsistencyManagerOptions,
  openConsistencyManager,
} from '../src/consistency-manager.ts'
import type { HoldfastError } from '../src/model/errors.ts'
import type { VectorRecord } from '../src/model/record.ts'
import { FaultPlan } from '../src/testing/fault-plan.ts'
import { MemoryStore, type MemoryStoreOptions } from '../src/testing/memory-store.ts'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import { SimulatedClock } from '../src/testing/simulated-clock.ts'
import { withFaults } from '../src/testing/with-faults.ts'
import { Storage } from './operation/storage.ts'

/** Rows of `docs/guarantees.md` that need somebody else: a caller, a stranger, a listener, a bad disk. */

const DOCS = { name: 'docs' }
const COPY = { from: 'docs', to: 'papers' }

function record(id: string, x = 1): VectorRecord {
  return { id, vector: Float32Array.of(x, 2), metadata: { id } }
}

interface WorldOptions extends MemoryStoreOptions {
  /** Whether time moves by itself, as retries need it. Default false: nobody's patience ends. */
  readonly selfAdvancing?: boolean
}

/** A store with two records in `docs`, and a machine on which processes open managers. */
class World {
  readonly clock: SimulatedClock
  readonly random = new SeededRandom(1)
  /** For strangers: goes around Holdfast. */
  readonly store: MemoryStore
  storage: Storage

  constructor({ selfAdvancing = false, ...options }: WorldOptions) {
    this.clock = new SimulatedClock({ selfAdvancing })
    this.store = new MemoryStore(options)
    this.storage = new Storage(this.clock, this.random)
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const world = new World(options)
    await world.store.createCollection({ ...DOCS, metric: 'cosine', dimension: 2 })
    await world.store.putRecords(DOCS, [record('a'), record('b')])
    return world
  }

  /** A plan lets store, journal and backups fail. */
  async open(
    options: Partial<ConsistencyManagerOptions> = {},
    plan: FaultPlan = new FaultPlan(),
  ): Promise<ConsistencyManager> {
    const { clock, random, storage } = this
    const { journal, backups } = await storage.open()
    return openConsistencyManager({
      store: withFaults(this.store, plan),
      directory: '/holdfast',
      ...options,
      parts: {
        fileSystem: storage.disk,
        clock,
        random,
        journal: withFaults(journal, plan),
        backups: withFaults(backups, plan),
      },
    })
  }

  ids(collection = 'docs'): readonly string[] {
    return Object.keys(this.store.snapshot()[collection]?.records ?? {}).sort()
  }
}

async function reasonOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

describe('a caller who gives up', () => {
  it('before the line gets the reason of the abort, and everything is undone', async () => {
    const world = await World.create({ rename: false })
    const manager = await world.open()
    const before = world.store.snapshot()
    const stop = new AbortController()
    const reason = new Error('too late for me')
    manager.on('operation:executed', () => stop.abort(reason))
    const renaming = manager.operations.safeRenameCollection(COPY, { signal: stop.signal })
    expect(await reasonOf(renaming)).toBe(reason)
    expect(world.store.snapshot()).toEqual(before)
    expect((await manager.history()).map(({ state }) => state)).toEqual(['rolled-back'])
  })

  it('behind the line is told that it is done', async () => {
    const world = await World.create()
    const manager = await world.open()
    const stop = new AbortController()
    manager.on('operation:verified', () => stop.abort())
    await manager.operations.safeDeleteCollection('docs', { signal: stop.signal })
    expect(world.store.snapshot()).toEqual({})
  })
})

describe('somebody who writes around Holdfast', () => {
  it('may write during a native rename', async () => {
    const world = await World.create()
    const manager = await world.open()
    manager.on('operation:executed', () =>
      world.store.putRecords({ name: 'papers' }, [record('c')]),
    )
    const renamed = await manager.operations.safeRenameCollection(COPY)
    expect(renamed.verification).toMatchObject({ depth: 'identity', recordsChecked: 0 })
    expect(world.ids('papers')).toEqual(['a', 'b', 'c'])
  })

  it('keeps a collection that they create under the new name', async () => {
    const world = await World.create({ rename: false })
    const manager = await world.open()
    manager.on('operation:planned', () =>
      world.store.createCollection({ name: 'papers', metric: 'dot', dimension: 9 }),
    )
    const renaming = manager.operations.safeRenameCollection(COPY)
    expect(await reasonOf(renaming)).toMatchObject({
      code: 'COLLECTION_EXISTS',
      outcome: 'rolled-back',
    })
    expect(world.store.snapshot()).toMatchObject({ docs: {}, papers: { metric: 'dot' } })
  })

  it('makes a copy be repaired once, by adding', async () => {
    const world = await World.create()
    const manager = await world.open()
    manager.on('operation:executed', () => world.store.deleteRecords({ name: 'papers' }, ['b']))
    const { verification } = await manager.operations.safeCloneCollection(COPY)
    expect(verification).toMatchObject({ repaired: true, recordsChecked: 2 })
    expect(world.ids('papers')).toEqual(['a', 'b'])
  })
})

describe('calls that meet', () => {
  it('run one after the other, in the order of asking', async () => {
    const world = await World.create()
    const { operations } = await world.open()
    await Promise.all([1, 2, 3, 4].map((x) => operations.safePutRecords('docs', [record('a', x)])))
    expect(world.store.snapshot()['docs']?.records['a']?.vector).toEqual([4, 2])
  })

  it('with one idempotency key are one operation, wherever its process dies', async () => {
    const options = { idempotencyKey: 'once' }
    const effects = new FaultPlan()
    const alive = await (await World.create()).open({}, effects)
    const first = await alive.operations.safeDeleteCollection('docs', options)
    const second = await alive.operations.safeDeleteCollection('docs', options)
    const { durationsMs: _, ...told } = first
    expect(second).toMatchObject({ ...told, replayed: true })

    for (let at = 0; at < effects.effects; at++) {
      const world = await World.create({ selfAdvancing: true })
      const dying = world.open({}, new FaultPlan({ at, crash: true }))
      await reasonOf(
        dying.then(({ operations }) => operations.safeDeleteCollection('docs', options)),
      )
      world.storage = world.storage.afterProcessDeath()
      const manager = await world.open()
      await manager.operations.safeDeleteCollection('docs', options)
      expect(world.store.snapshot()).toEqual({})
      expect(await manager.history({ state: 'committed' })).toHaveLength(1)
    }
  })
})

describe('what must not matter', () => {
  it('is a listener that throws', async () => {
    const told: unknown[] = []
    const world = await World.create()
    const manager = await world.open({ onListenerError: (error) => told.push(error) })
    const heard: string[] = []
    manager.on('operation:planned', () => {
      throw new Error('listener')
    })
    manager.on('operation:planned', () => Promise.reject(new Error('later')))
    manager.on('operation:planned', ({ kind }) => heard.push(kind))
    await manager.operations.safeRenameCollection(COPY)
    expect(heard).toEqual(['collection:rename'])
    expect(told).toMatchObject([{ message: 'listener' }, { message: 'later' }])
  })

  it('is a left-over that can not be removed yet', async () => {
    const effects = new FaultPlan()
    const probe = await (await World.create()).open({ keepForMs: 0 }, effects)
    await probe.operations.safeDeleteCollection('docs')
    const at = effects.trace.findIndex((name) => name.startsWith('backups.delete'))

    const world = await World.create()
    const manager = await world.open({ keepForMs: 0 }, new FaultPlan({ at }))
    const failed: string[] = []
    manager.on('cleanup:failed', ({ what }) => failed.push(what))
    const { operationId } = await manager.operations.safeDeleteCollection('docs')
    expect(failed).toEqual([`dropping the checkpoint of ${operationId}`])
    await manager.close()
    const [deleted] = await (await world.open()).history()
    expect(deleted).toMatchObject({ operationId, checkpointDropped: true })
  })
})

describe('a backup that is damaged', () => {
  it('before the line, keeps the collection from being dropped', async () => {
    const world = await World.create()
    const manager = await world.open()
    const before = world.store.snapshot()
    world.storage.disk.onCall = async (call) => {
      const result = await call.run()
      const isRecords = call.method === 'read' && /backups\/.*\.records\./.test(call.about)
      if (isRecords && result instanceof Uint8Array) flipMiddle(result)
      return result
    }
    const failure = await reasonOf(manager.operations.safeDeleteCollection('docs'))
    expect(failure).toMatchObject({ code: 'BACKUP_DAMAGED', outcome: 'rolled-back' })
    expect((failure as HoldfastError).message).toContain('damaged')
    expect(world.store.snapshot()).toEqual(before)
  })
})

/** What a disk with a bad sector gives back. */
function flipMiddle(bytes: Uint8Array): void {
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
}
