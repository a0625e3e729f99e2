import { describe, expect, it } from 'vitest'
import { refOf } from '../../src/model/collection.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import type { VectorStoreAdapter } from '../../src/store/adapter.ts'
import {
  CrashError,
  type Fault,
  FaultPlan,
  type FaultPlanOptions,
} from '../../src/testing/fault-plan.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import { withFaults } from '../../src/testing/with-faults.ts'

const docs = { name: 'docs' }
const spec = { name: 'docs', metric: 'cosine' } as const

function records(...ids: string[]): VectorRecord[] {
  return ids.map((id, index) => ({ id, vector: Float32Array.of(1, index) }))
}

/** A store whose effect 0 creates the collection, and effect 1 puts four records. */
async function put(options: FaultPlanOptions): Promise<{
  readonly memory: MemoryStore
  readonly store: VectorStoreAdapter
  readonly plan: FaultPlan
  readonly error: unknown
}> {
  const memory = new MemoryStore()
  const plan = new FaultPlan(options)
  const store = withFaults(memory, plan)
  await store.createCollection(spec)
  const error = await store.putRecords(docs, records('a', 'b', 'c', 'd')).catch((e: unknown) => e)
  return { memory, store, plan, error }
}

const ids = (memory: MemoryStore): string[] => Object.keys(memory.snapshot()['docs']?.records ?? {})

describe('withFaults on a store', () => {
  it('counts the effects and names them, and leaves out the reads', async () => {
    const { plan, store, error } = await put({})
    await store.countRecords(docs)
    await store.dropCollection(docs)
    expect(error).toBeUndefined()
    expect(plan.effects).toBe(3)
    expect(plan.trace).toEqual([
      'store.createCollection docs',
      'store.putRecords docs',
      'store.dropCollection docs',
    ])
  })

  it.each<[Fault, string[], string, string]>([
    ['before', [], 'STORE_UNAVAILABLE', 'unchanged'],
    ['after', ['a', 'b', 'c', 'd'], 'STORE_UNAVAILABLE', 'unknown'],
    ['partial', ['a', 'b'], 'STORE_UNAVAILABLE', 'unknown'],
    ['late', [], 'STORE_TIMEOUT', 'unknown'],
  ])('%s leaves what it should, and says what it knows', async (fault, left, code, outcome) => {
    const { memory, error } = await put({ at: 1, fault })
    expect(ids(memory)).toEqual(left)
    expect(error).toMatchObject({ code, outcome, retryable: true })
  })

  it('lets what is late happen once, in order, whatever has become of its signal', async () => {
    const memory = new MemoryStore()
    const plan = new FaultPlan({ at: 1, fault: 'late', times: 2 })
    const store = withFaults(memory, plan)
    const controller = new AbortController()
    await store.createCollection(spec)
    const first: VectorRecord = { id: 'a', vector: Float32Array.of(1, 1), text: 'first' }
    const { signal } = controller
    await expect(store.putRecords(docs, [first], { signal })).rejects.toThrow('no answer')
    await expect(store.putRecords(docs, [{ ...first, text: 'second' }])).rejects.toThrow()
    controller.abort()
    await plan.land()
    expect(memory.snapshot()['docs']?.records['a']?.text).toBe('second')
    await store.deleteRecords(docs, ['a'])
    await plan.land()
    expect(ids(memory)).toEqual([])
  })

  it('fails once, so that a retry goes through', async () => {
    const { store, memory } = await put({ at: 1, fault: 'before' })
    await store.putRecords(docs, records('a'))
    expect(ids(memory)).toEqual(['a'])
  })

  it('fails for as long as the outage lasts, and only in what it reaches', async () => {
    const method = await put({ at: 1, times: Infinity, retryable: false })
    expect(method.error).toMatchObject({ retryable: false })
    await expect(method.store.putRecords(docs, records('a'))).rejects.toThrow()
    expect(await method.store.countRecords(docs)).toBe(0)
    method.plan.heal()
    await method.store.putRecords(docs, records('a'))
    expect(ids(method.memory)).toEqual(['a'])

    const part = await put({ at: 1, times: 3, reach: 'part' })
    await expect(part.store.countRecords(docs)).rejects.toMatchObject({ outcome: 'unchanged' })
    await expect(part.store.dropCollection(docs)).rejects.toThrow()
    expect(await part.store.countRecords(docs)).toBe(0)
  })

  it('lets reads fail when asked to, batch by batch, and releases the stream', async () => {
    const memory = new MemoryStore()
    await memory.createCollection(spec)
    await memory.putRecords(docs, records('a', 'b', 'c'))
    const plan = new FaultPlan({ at: 2, reads: true })
    const seen: string[] = []
    const read = async (): Promise<void> => {
      const batches = withFaults(memory, plan).readRecords(docs, { batchRecordsMax: 1 })
      for await (const [record] of batches) seen.push(record?.id ?? '')
    }
    await expect(read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(seen).toEqual(['a', 'b'])
    expect(memory.data.openReads).toBe(0)
  })

  it.each<Fault>(['before', 'after', 'partial', 'late'])(
    'is dead after a crash (%s)',
    async (fault) => {
      const { store, plan, error } = await put({ at: 1, fault, crash: true })
      expect(error).toBeInstanceOf(CrashError)
      expect(plan.dead).toBe(true)
      const list = async (): Promise<void> => {
        for await (const _ of store.listCollections()) throw new Error('it lives')
      }
      await expect(store.countRecords(docs)).rejects.toThrow(new CrashError('dead'))
      await expect(store.dropCollection(docs)).rejects.toThrow(new CrashError('dead'))
      await expect(list()).rejects.toThrow(new CrashError('dead'))
      await expect(store[Symbol.asyncDispose]()).rejects.toThrow(new CrashError('dead'))
    },
  )

  it('dies at a later effect, after the first fault was survived', async () => {
    const { store, memory } = await put({ at: 1, fault: 'after', crashAt: 3 })
    await store.deleteRecords(docs, ['a'])
    await expect(store.deleteRecords(docs, ['b'])).rejects.toThrow(CrashError)
    expect(ids(memory)).toEqual(['c', 'd'])
    await expect(store.deleteRecords(docs, ['c'])).rejects.toThrow(CrashError)
  })

  it('has the abilities of what it wraps, and no others', async () => {
    const recordProblem = (record: VectorRecord): string | undefined => record.text
    const able = withFaults(new MemoryStore({ recordProblem }), new FaultPlan())
    const plain = withFaults(new MemoryStore({ rename: false }), new FaultPlan())
    expect(able.recordProblem?.({ id: 'a', vector: Float32Array.of(1), text: 'no' })).toBe('no')
    const info = await able.createCollection(spec)
    await able.renameCollection?.({ from: refOf(info), to: 'papers' })
    expect(await able.getCollection(refOf(info))).toMatchObject({ name: 'papers' })
    expect('renameCollection' in plain).toBe(false)
    expect('recordProblem' in plain).toBe(false)
  })

  it('rejects an aborted call as the store would, and does not count it', async () => {
    const { store, plan } = await put({})
    const reason = new Error('enough')
    const dropped = store.dropCollection(docs, { signal: AbortSignal.abort(reason) })
    await expect(dropped).rejects.toBe(reason)
    expect(plan.effects).toBe(2)
  })
})

describe('a disk with faults', () => {
  it('fails like a disk, and writes half of what it was given', async () => {
    const plan = new FaultPlan({ at: 1, fault: 'partial' })
    const disk = new MemoryFileSystem({ onCall: (call) => plan.call({ part: 'disk', ...call }) })
    const file = await disk.open('/log', 'create')
    await expect(file.append(Buffer.from('12345678'))).rejects.toMatchObject({ code: 'EIO' })
    expect(Buffer.from(await disk.readFile('/log')).toString()).toBe('1234')
    expect(plan.trace).toEqual(['disk.open /log', 'disk.append /log'])
  })
})
