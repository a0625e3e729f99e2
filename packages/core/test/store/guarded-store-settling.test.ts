import { describe, expect, it } from 'vitest'
import { type CollectionInfo, refOf } from '../../src/model/collection.ts'
import { HoldfastError } from '../../src/model/errors.ts'
import type { MemoryStore, MemoryStoreOptions } from '../../src/testing/memory-store.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'
import {
  collect,
  countOf,
  type Guarded,
  pass,
  recordsOf,
  refusal,
  renameOf,
  spec,
  turn,
  withDocs,
} from './guarded-docs.ts'
import type { Behavior } from './unruly-store.ts'

const docs = { name: 'docs' }
const CALL_TIMEOUT_MS = 1_000

/** Could not be asked; nothing happened. */
const unreachable = new HoldfastError('STORE_UNAVAILABLE', 'The store could not be reached.', {
  outcome: 'unchanged',
  retryable: true,
})
const connectionLost = new Error('socket hang up')

describe('GuardedStore, when the store does not answer', () => {
  it('repeats a read within its bounds, then says what happened', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'countRecords', () => 'mute before')
    await expect(pass(clock, guarded.countRecords(docs))).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
      outcome: 'unchanged',
      retryable: true,
      details: { method: 'countRecords', timeoutMs: CALL_TIMEOUT_MS },
    })
    expect(countOf(inner, 'countRecords')).toBe(5)
    expect(clock.monotonic()).toBeLessThan(5 * CALL_TIMEOUT_MS + 10_000)
  })

  it('repeats an effect within its bounds, then says that it does not know', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'putRecords', () => 'mute before')
    await expect(pass(clock, guarded.putRecords(docs, recordsOf(1)))).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
      outcome: 'unknown',
      retryable: true,
    })
    expect(countOf(inner, 'putRecords')).toBe(5)
  })

  it('starts no attempt after the deadline', async () => {
    const clock = new SimulatedClock()
    const mute = (): Behavior => 'mute before'
    const { guarded, inner } = await slow(clock, 'deleteRecords', mute, { retryDeadlineMs: 2_500 })
    await expect(pass(clock, guarded.deleteRecords(docs, ['a']))).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
    })
    expect(countOf(inner, 'deleteRecords')).toBeLessThanOrEqual(3)
    expect(clock.monotonic()).toBeLessThanOrEqual(2_500 + CALL_TIMEOUT_MS + 100)
  })

  it('takes the answer to the repetition for the truth', async () => {
    for (const first of ['mute before', 'mute after', { loses: connectionLost }] as const) {
      const clock = new SimulatedClock()
      const onlyFirst = (call: number): Behavior => (call === 1 ? first : 'proper')
      const { guarded, store, inner } = await slow(clock, 'putRecords', onlyFirst)
      await pass(clock, guarded.putRecords(docs, recordsOf(3)))
      expect(await store.countRecords(docs)).toBe(3)
      await inner.land()
      expect(await store.countRecords(docs)).toBe(3)
    }
  })

  it('takes a refusal of the repetition for the truth, where it says why', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior =>
      call === 1 ? 'mute before' : { refuses: refusal('RECORD_INVALID') }
    const { guarded } = await slow(clock, 'putRecords', script)
    await expect(pass(clock, guarded.putRecords(docs, recordsOf(1)))).rejects.toMatchObject({
      code: 'RECORD_INVALID',
      outcome: 'unchanged',
    })
  })

  it('does not believe that an unexplained refusal holds for the lost attempt too', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior =>
      call === 1 ? 'mute after' : { refuses: refusal('STORE_REJECTED') }
    const { guarded, store } = await slow(clock, 'putRecords', script)
    await expect(pass(clock, guarded.putRecords(docs, recordsOf(1)))).rejects.toMatchObject({
      code: 'STORE_REJECTED',
      outcome: 'unknown',
    })
    expect(await store.countRecords(docs)).toBe(1)
  })

  it('does not take an unreachable store for an answer', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior =>
      call === 1 ? 'mute after' : { refuses: unreachable }
    const { guarded, inner } = await slow(clock, 'deleteRecords', script)
    await expect(pass(clock, guarded.deleteRecords(docs, ['a']))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      outcome: 'unknown',
    })
    expect(countOf(inner, 'deleteRecords')).toBe(5)
  })

  it('says "unchanged" when the store could never be asked', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'putRecords', () => ({ refuses: unreachable }))
    await expect(pass(clock, guarded.putRecords(docs, recordsOf(1)))).rejects.toBe(unreachable)
    expect(countOf(inner, 'putRecords')).toBe(5)
  })

  it('repeats a drop by identity, so that it can not hit an heir of the name', async () => {
    const clock = new SimulatedClock()
    const onlyFirst = (call: number): Behavior => (call === 1 ? 'mute after' : 'proper')
    const { guarded, store } = await slow(clock, 'dropCollection', onlyFirst)
    const dropping = guarded.dropCollection(docs)
    await clock.advance(CALL_TIMEOUT_MS / 2)
    const heir = await store.createCollection(spec)
    await pass(clock, dropping)
    expect(await store.getCollection(docs)).toEqual(heir)
  })
})

describe('GuardedStore, when aborted', () => {
  it('ends a read at once', async () => {
    const clock = new SimulatedClock()
    const { guarded } = await slow(clock, 'countRecords', () => 'mute before')
    const controller = new AbortController()
    const reading = expect(guarded.countRecords(docs, { signal: controller.signal })).rejects.toBe(
      'enough',
    )
    await turn()
    controller.abort('enough')
    await reading
    expect(clock.monotonic()).toBe(0)
    expect(clock.sleeperCount).toBe(0)
  })

  it('sends no effect when aborted before', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'putRecords', () => 'proper')
    const signal = AbortSignal.abort('enough')
    await expect(guarded.putRecords(docs, recordsOf(1), { signal })).rejects.toBe('enough')
    await expect(guarded.createCollection({ ...spec, name: 'b' }, { signal })).rejects.toBe(
      'enough',
    )
    expect(inner.calls).toEqual([])
  })

  it('settles an effect that was sent, then rejects with the reason', async () => {
    const clock = new SimulatedClock()
    const onlyFirst = (call: number): Behavior => (call === 1 ? 'mute before' : 'proper')
    const { guarded, inner, store } = await slow(clock, 'putRecords', onlyFirst)
    const controller = new AbortController()
    const putting = guarded.putRecords(docs, recordsOf(1), { signal: controller.signal })
    let settled = false
    const reasonComesBack = expect(
      putting.finally(() => {
        settled = true
      }),
    ).rejects.toBe('enough')
    await clock.advance(10)
    controller.abort('enough')
    await clock.advance(CALL_TIMEOUT_MS - 20)
    expect(settled).toBe(false)
    await pass(
      clock,
      putting.catch(() => {}),
    )
    await reasonComesBack
    // It was repeated until the store had answered: what it says now stays so.
    expect(countOf(inner, 'putRecords')).toBe(2)
    expect(await store.countRecords(docs)).toBe(1)
  })

  it('rejects with the reason as soon as a sent effect is known not to have happened', async () => {
    const clock = new SimulatedClock()
    let refuse = (_error: unknown): void => {}
    const refused = new Promise<never>((_, reject) => {
      refuse = reject
    })
    const { guarded, inner } = await slow(clock, 'putRecords', () => ({ waitsFor: refused }))
    const controller = new AbortController()
    const putting = expect(
      guarded.putRecords(docs, recordsOf(1), { signal: controller.signal }),
    ).rejects.toBe('enough')
    await clock.advance(10)
    controller.abort('enough')
    refuse(unreachable)
    await putting
    expect(countOf(inner, 'putRecords')).toBe(1)
  })

  it('ends the pause after an attempt that is known not to have happened', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'putRecords', () => ({ refuses: unreachable }))
    const controller = new AbortController()
    const putting = expect(
      guarded.putRecords(docs, recordsOf(1), { signal: controller.signal }),
    ).rejects.toBe('enough')
    await clock.advance(0)
    expect(clock.sleeperCount).toBe(1)
    controller.abort('enough')
    await putting
    expect(countOf(inner, 'putRecords')).toBe(1)
  })

  it('goes on settling through the pauses', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior => {
      if (call === 1) return 'mute before'
      return call === 2 ? { refuses: unreachable } : 'proper'
    }
    const { guarded, inner } = await slow(clock, 'putRecords', script)
    const controller = new AbortController()
    const { signal } = controller
    const putting = expect(guarded.putRecords(docs, recordsOf(1), { signal })).rejects.toBe(
      'enough',
    )
    await clock.advance(CALL_TIMEOUT_MS)
    expect(countOf(inner, 'putRecords')).toBe(1)
    expect(clock.sleeperCount).toBe(1)
    controller.abort('enough')
    await pass(clock, putting)
    expect(countOf(inner, 'putRecords')).toBe(3)
  })

  it('does not hide behind the reason that it does not know', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'dropCollection', () => 'mute before')
    const controller = new AbortController()
    const dropping = guarded.dropCollection(docs, { signal: controller.signal })
    await clock.advance(10)
    controller.abort('enough')
    await expect(pass(clock, dropping)).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
      outcome: 'unknown',
    })
    expect(countOf(inner, 'dropCollection')).toBe(5)
  })
})

describe('GuardedStore, creating', () => {
  const papers = { ...spec, name: 'papers', metadata: { owner: 'us' }, settings: { m: 8 } }

  it('recognizes its own creation after a lost answer', async () => {
    for (const first of ['mute after', { loses: connectionLost }] as const) {
      for (const options of [{}, { identity: 'name' }] as const) {
        const clock = new SimulatedClock()
        const { guarded, inner, store } = await slow(
          clock,
          'createCollection',
          () => first,
          options,
        )
        const created = await pass(clock, guarded.createCollection(papers))
        expect(created).toEqual(await store.getCollection({ name: 'papers' }))
        expect(countOf(inner, 'createCollection')).toBe(1)
      }
    }
  })

  it('creates again when the lost attempt has not arrived', async () => {
    const clock = new SimulatedClock()
    const onlyFirst = (call: number): Behavior => (call === 1 ? 'mute before' : 'proper')
    const { guarded, inner, store } = await slow(clock, 'createCollection', onlyFirst)
    const created = await pass(clock, guarded.createCollection(papers))
    await inner.land()
    expect(await store.getCollection({ name: 'papers' })).toEqual(created)
    expect(countOf(inner, 'createCollection')).toBe(2)
  })

  it('recognizes its own creation that arrives just after it looked', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior =>
      call === 1 ? 'mute before' : { waitsFor: inner.land() }
    const { guarded, inner, store } = await slow(clock, 'createCollection', script)
    const created = await pass(clock, guarded.createCollection(papers))
    expect(created).toEqual(await store.getCollection({ name: 'papers' }))
  })

  it('does not take a collection of somebody else for its own', async () => {
    const strangers: readonly ((store: MemoryStore) => Promise<unknown>)[] = [
      (store) => store.createCollection({ ...papers, metric: 'dot' }),
      (store) => store.createCollection({ ...papers, dimension: 3 }),
      (store) => store.createCollection({ ...papers, metadata: { owner: 'them' } }),
      (store) => store.createCollection({ ...papers, settings: { m: 16 } }),
      async (store) => store.putRecords(refOf(await store.createCollection(papers)), recordsOf(1)),
    ]
    for (const settle of strangers) {
      const clock = new SimulatedClock()
      const { guarded, store } = await slow(clock, 'createCollection', () => 'mute before')
      const creating = guarded.createCollection(papers)
      await settle(store)
      const theirs = store.snapshot()
      await expect(pass(clock, creating)).rejects.toMatchObject({
        code: 'COLLECTION_EXISTS',
        outcome: 'unchanged',
        retryable: false,
      })
      expect(store.snapshot()).toEqual(theirs)
    }
  })

  it('takes settings that the store has added for its own doing', async () => {
    const clock = new SimulatedClock()
    const { guarded, store } = await slow(clock, 'createCollection', () => 'mute before')
    const creating = guarded.createCollection({ ...papers, settings: { hnsw: { m: 8 } } })
    const settings = { hnsw: { m: 8, ef: 100 }, other: [1] }
    const made = await store.createCollection({ ...papers, settings })
    expect(await pass(clock, creating)).toEqual(made)
  })

  it('counts where the store does not tell the count', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner, store } = await slow(clock, 'createCollection', () => 'mute before')
    const creating = guarded.createCollection(papers)
    const made = await store.createCollection(papers)
    const { count: _, ...uncounted } = made
    const getCollection = store.getCollection.bind(store)
    store.getCollection = async (ref) => {
      const { count: __, ...info } = (await getCollection(ref)) as CollectionInfo
      return info
    }
    expect(await pass(clock, creating)).toEqual(uncounted)
    expect(inner.calls).toContain('countRecords')
  })

  it('does not know, while it can not even look', async () => {
    const clock = new SimulatedClock()
    const script = (method: string, call: number): Behavior | undefined => {
      if (method === 'createCollection') return 'mute after'
      const isLook = method === 'getCollection' && call > 1
      return isLook ? { refuses: refusal('STORE_REJECTED') } : 'proper'
    }
    const { guarded, inner } = await withDocs({}, script, { clock, callTimeoutMs: 1_000 })
    await expect(pass(clock, guarded.createCollection(papers))).rejects.toMatchObject({
      code: 'STORE_REJECTED',
      outcome: 'unknown',
    })
    expect(countOf(inner, 'createCollection')).toBe(1)
    expect(countOf(inner, 'getCollection')).toBe(5)
  })

  it('waits until a finished write would be seen before it looks', async () => {
    const clock = new SimulatedClock()
    const { guarded, store } = await slow(clock, 'createCollection', () => 'mute after')
    Object.assign(store, { traits: { ...store.traits, visibilityLagMsMax: 700 } })
    const lookedAtMs: number[] = []
    const getCollection = store.getCollection.bind(store)
    store.getCollection = (ref) => {
      lookedAtMs.push(clock.monotonic())
      return getCollection(ref)
    }
    await pass(clock, guarded.createCollection(papers))
    expect(lookedAtMs).toHaveLength(2)
    expect(lookedAtMs[1]).toBeGreaterThanOrEqual(CALL_TIMEOUT_MS + 700)
  })

  it('does not take for its own what was there before, however empty and equal', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'createCollection', () => 'mute before')
    await expect(pass(clock, guarded.createCollection(spec))).rejects.toMatchObject({
      code: 'COLLECTION_EXISTS',
      outcome: 'unchanged',
    })
    expect(inner.calls).toEqual(['getCollection'])
  })

  it('leaves the first refusal as it is', async () => {
    const clock = new SimulatedClock()
    const refused = refusal('COLLECTION_EXISTS')
    const script = (): Behavior => ({ refuses: refused })
    const { guarded, inner } = await slow(clock, 'createCollection', script)
    await expect(guarded.createCollection(papers)).rejects.toBe(refused)
    expect(inner.calls).toEqual(['getCollection', 'createCollection'])
  })
})

describe('GuardedStore, renaming', () => {
  const change = { from: docs, to: 'papers', metadata: { renamed: true } }
  const mute: readonly Behavior[] = ['mute before', 'mute after', { loses: connectionLost }]

  for (const identity of ['id', 'name'] as const) {
    it(`is done once, whatever got lost, where collections are known by ${identity}`, async () => {
      for (const first of mute) {
        const clock = new SimulatedClock()
        const onlyFirst = (call: number): Behavior => (call === 1 ? first : 'proper')
        const strict = { identity }
        const { guarded, store } = await slow(clock, 'renameCollection', onlyFirst, strict)
        await store.putRecords(docs, recordsOf(2))
        await pass(clock, renameOf(guarded)(change))
        expect(Object.keys(store.snapshot())).toEqual(['papers'])
        expect(store.snapshot()['papers']?.metadata).toEqual({ renamed: true })
      }
    })
  }

  it('looks instead of repeating, where only names are known', async () => {
    const clock = new SimulatedClock()
    const { guarded, inner } = await slow(clock, 'renameCollection', () => 'mute after', {
      identity: 'name',
    })
    await pass(clock, renameOf(guarded)(change))
    expect(countOf(inner, 'renameCollection')).toBe(1)
  })

  it('recognizes its own rename that arrives just after it looked', async () => {
    const clock = new SimulatedClock()
    // Honest stores known by names say that the old name is gone.
    const script = (call: number): Behavior =>
      call === 1
        ? 'mute before'
        : {
            waitsFor: inner.land().then(() => {
              throw refusal('COLLECTION_NOT_FOUND')
            }),
          }
    const options = { identity: 'name' } as const
    const { guarded, inner, store } = await slow(clock, 'renameCollection', script, options)
    await pass(clock, renameOf(guarded)(change))
    expect(Object.keys(store.snapshot())).toEqual(['papers'])
  })

  it('says so when both names are there, or none', async () => {
    for (const [meanwhile, code] of [
      [(store: MemoryStore) => store.createCollection({ ...spec, name: 'papers' }), 'EXISTS'],
      [(store: MemoryStore) => store.dropCollection(docs), 'NOT_FOUND'],
    ] as const) {
      const clock = new SimulatedClock()
      const { guarded, store } = await slow(clock, 'renameCollection', () => 'mute before', {
        identity: 'name',
      })
      const renaming = renameOf(guarded)(change)
      await turn()
      await meanwhile(store)
      await expect(pass(clock, renaming)).rejects.toMatchObject({
        code: `COLLECTION_${code}`,
        outcome: 'unchanged',
      })
    }
  })

  it('does not take a collection that was there before for the renamed one', async () => {
    for (const identity of ['id', 'name'] as const) {
      const clock = new SimulatedClock()
      const refuse = (call: number): Behavior =>
        call === 1 ? 'mute before' : { refuses: refusal('COLLECTION_NOT_FOUND') }
      const { guarded, store } = await slow(clock, 'renameCollection', refuse, { identity })
      const missing = { from: { name: 'missing' }, to: 'docs' }
      await expect(pass(clock, renameOf(guarded)(missing))).rejects.toMatchObject({
        code: 'COLLECTION_NOT_FOUND',
      })
      expect(Object.keys(store.snapshot())).toEqual(['docs'])
    }
  })

  it('sends nothing when the new name is taken already, where only names are known', async () => {
    const clock = new SimulatedClock()
    const options = { identity: 'name' } as const
    const { guarded, inner, store } = await slow(clock, 'renameCollection', () => 'proper', options)
    await store.createCollection({ ...spec, name: 'papers' })
    await expect(renameOf(guarded)(change)).rejects.toMatchObject({ code: 'COLLECTION_EXISTS' })
    expect(countOf(inner, 'renameCollection')).toBe(0)
  })

  it('gives only the metadata a new value when the name stays', async () => {
    const clock = new SimulatedClock()
    const onlyFirst = (call: number): Behavior => (call === 1 ? 'mute before' : 'proper')
    const options = { identity: 'name' } as const
    const { guarded, store } = await slow(clock, 'renameCollection', onlyFirst, options)
    await pass(clock, renameOf(guarded)({ from: docs, to: 'docs', metadata: { a: 1 } }))
    expect(store.snapshot()['docs']?.metadata).toEqual({ a: 1 })
  })
})

describe('GuardedStore, streaming', () => {
  it('starts again by itself while nothing was handed out', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior => (call <= 2 ? { refuses: unreachable } : 'proper')
    const { guarded, store } = await slow(clock, 'readRecords', script)
    await store.putRecords(docs, recordsOf(25))
    const batches = await pass(clock, collect(guarded.readRecords(docs, { batchRecordsMax: 10 })))
    expect(batches.flat()).toHaveLength(25)
    expect(store.data.openReads).toBe(0)
  })

  it('leaves it to the caller to start again once records were handed out', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior => (call === 2 ? { refuses: unreachable } : 'proper')
    const { guarded, store } = await slow(clock, 'readRecords', script)
    await store.putRecords(docs, recordsOf(25))
    let seen = 0
    const read = async (): Promise<void> => {
      for await (const batch of guarded.readRecords(docs, { batchRecordsMax: 10 })) {
        seen += batch.length
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
    expect(seen).toBe(10)
    expect(store.data.openReads).toBe(0)
  })

  it('gives up on a batch that does not come, even when nothing can be released', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior => (call === 2 ? 'mute before' : 'proper')
    const { guarded, store } = await slow(clock, 'readRecords', script)
    await store.putRecords(docs, recordsOf(25))
    const reading = collect(guarded.readRecords(docs, { batchRecordsMax: 10 }))
    await expect(pass(clock, reading)).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
      outcome: 'unchanged',
      retryable: true,
    })
  })

  it('counts the time of the store only, not that of a slow reader', async () => {
    const clock = new SimulatedClock()
    const { guarded, store } = await slow(clock, 'readRecords', () => 'proper')
    await store.putRecords(docs, recordsOf(25))
    let seen = 0
    for await (const batch of guarded.readRecords(docs, { batchRecordsMax: 10 })) {
      await clock.advance(10 * CALL_TIMEOUT_MS)
      seen += batch.length
    }
    expect(seen).toBe(25)
  })

  it('ends at once when aborted while it waits', async () => {
    const clock = new SimulatedClock()
    const script = (call: number): Behavior => (call === 2 ? 'mute before' : 'proper')
    const { guarded, store } = await slow(clock, 'readRecords', script)
    await store.putRecords(docs, recordsOf(25))
    const controller = new AbortController()
    const options = { batchRecordsMax: 10, signal: controller.signal }
    const reading = expect(collect(guarded.readRecords(docs, options))).rejects.toBe('enough')
    await turn()
    controller.abort('enough')
    await reading
  })

  it('releases on break, and does not mind when that fails or hangs', async () => {
    for (const script of ['proper', 'fails', 'hangs'] as const) {
      const clock = new SimulatedClock()
      const { guarded, store } = await slow(clock, 'readRecords', () => 'proper')
      await store.putRecords(docs, recordsOf(25))
      let released = 0
      const readRecords = store.readRecords.bind(store)
      store.readRecords = async function* (...args) {
        try {
          yield* readRecords(...args)
        } finally {
          released++
          if (script === 'fails') await Promise.reject(new Error('the cursor is gone'))
          if (script === 'hangs') await new Promise(() => {})
        }
      }
      const breakOff = async (): Promise<void> => {
        for await (const _ of guarded.readRecords(docs, { batchRecordsMax: 10 })) break
      }
      await pass(clock, breakOff())
      expect(released).toBe(1)
      expect(store.data.openReads).toBe(0)
    }
  })

  it('turns a stream that can not even be opened into STORE_REJECTED', async () => {
    const clock = new SimulatedClock()
    const { guarded, store } = await slow(clock, 'listCollections', () => 'proper')
    store.listCollections = () => {
      throw 'thrown at once'
    }
    await expect(collect(guarded.listCollections())).rejects.toMatchObject({
      code: 'STORE_REJECTED',
      cause: 'thrown at once',
    })
  })
})

/** A store with an empty `docs`, of which one method behaves as told. */
async function slow(
  clock: SimulatedClock,
  slowMethod: string,
  script: (call: number) => Behavior,
  options: MemoryStoreOptions & { readonly retryDeadlineMs?: number } = {},
): Promise<Guarded> {
  const { retryDeadlineMs = 60_000, ...storeOptions } = options
  return withDocs(
    storeOptions,
    (method, call) => (method === slowMethod ? script(call) : 'proper'),
    { clock, callTimeoutMs: CALL_TIMEOUT_MS, retryDeadlineMs },
  )
}
