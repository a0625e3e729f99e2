import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../src/model/errors.ts'
import type { GuardedStoreOptions } from '../../src/store/guarded-store.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import {
  collect,
  countOf,
  guard,
  recordsOf,
  refusal,
  rejection,
  renameOf,
  spec,
  turn,
  withDocs,
} from './guarded-docs.ts'

const invalidName = { code: 'COLLECTION_NAME_INVALID' }

describe('GuardedStore', () => {
  describe('checks', () => {
    it('sends nothing when one of the records is wrong', async () => {
      const { guarded, inner, store } = await withDocs({ batchRecordsMax: 2 })
      const records = [...recordsOf(5), { id: '', vector: Float32Array.of(1, 2) }]
      await expect(guarded.putRecords({ name: 'docs' }, records)).rejects.toMatchObject({
        code: 'RECORD_INVALID',
        outcome: 'unchanged',
      })
      expect(inner.calls).not.toContain('putRecords')
      expect(await store.countRecords({ name: 'docs' })).toBe(0)
    })

    it('checks ids of reads and deletes as well', async () => {
      const { guarded, inner } = await withDocs({ recordIdBytesMax: 4 })
      const docs = { name: 'docs' }
      inner.calls.length = 0
      await expect(guarded.getRecords(docs, [''])).rejects.toMatchObject({ code: 'RECORD_INVALID' })
      const long = { code: 'LIMIT_EXCEEDED', outcome: 'unchanged' }
      await expect(guarded.deleteRecords(docs, ['12345'])).rejects.toMatchObject(long)
      expect(inner.calls).toEqual([])
    })

    it('refuses what can not be a name, a metric or a dimension here', async () => {
      const { guarded, inner } = await withDocs({ metrics: ['cosine'], dimensionMax: 8 })
      inner.calls.length = 0
      const cosine = { metric: 'cosine' } as const
      const wrong: readonly [() => Promise<unknown>, object][] = [
        [() => guarded.createCollection({ name: '', ...cosine }), invalidName],
        [() => guarded.createCollection({ name: 'a b', ...cosine }), invalidName],
        [() => guarded.createCollection({ name: 'x'.repeat(129), ...cosine }), invalidName],
        [() => guarded.createCollection({ name: 'a', metric: 'dot' }), { code: 'STORE_REJECTED' }],
        [
          () => guarded.createCollection({ name: 'a', ...cosine, dimension: 9 }),
          { code: 'LIMIT_EXCEEDED' },
        ],
        [() => renameOf(guarded)({ from: { name: 'docs' }, to: 'a b' }), invalidName],
        [() => guarded.getCollection({ name: '' }), invalidName],
      ]
      for (const [call, error] of wrong) {
        await expect(call()).rejects.toMatchObject({ outcome: 'unchanged', ...error })
      }
      expect(inner.calls).toEqual([])
    })

    it('answers mistakes of the program with TypeError and RangeError, as rejections', async () => {
      const { guarded, inner } = await withDocs()
      inner.calls.length = 0
      const docs = { name: 'docs' }
      const wrong: readonly (() => Promise<unknown>)[] = [
        () => guarded.getCollection(undefined as never),
        () => guarded.getCollection('docs' as never),
        () => guarded.dropCollection({ name: 'docs', id: '' }),
        () => guarded.countRecords({ name: 7 as never }),
        () => guarded.getRecords(docs, 'a' as never),
        () => guarded.deleteRecords(docs, [7 as never]),
        () => guarded.search(docs, [1, 2] as never),
        () => guarded.createCollection({ ...spec, metadata: { a: Number.NaN } }),
        () => guarded.createCollection({ ...spec, settings: { a: undefined as never } }),
        () => renameOf(guarded)({ from: docs, to: 'papers', metadata: [] as never }),
      ]
      for (const call of wrong) await expect(call()).rejects.toThrow(TypeError)
      const outOfRange: readonly (() => Promise<unknown>)[] = [
        () => guarded.search(docs, Float32Array.of(1, 2), { limit: -1 }),
        () => guarded.search(docs, Float32Array.of(1, Number.NaN)),
        () => guarded.createCollection({ ...spec, dimension: 1.5 }),
        () => collect(guarded.readRecords(docs, { batchRecordsMax: 0 })),
      ]
      for (const call of outOfRange) await expect(call()).rejects.toThrow(RangeError)
      expect(inner.calls).toEqual([])
    })

    it('refuses options that make no sense', () => {
      const wrong: readonly Partial<GuardedStoreOptions>[] = [
        { callTimeoutMs: 0 },
        { attemptsMax: 0 },
        { attemptsMax: Number.NaN },
        { retryDelayMs: -1 },
        { retryDelayMsMax: 0.5 },
        { retryDeadlineMs: Number.POSITIVE_INFINITY },
      ]
      for (const options of wrong) {
        expect(() => guard(new MemoryStore(), options)).toThrow(RangeError)
      }
    })

    it('says which collection is missing', async () => {
      const { guarded } = await withDocs()
      const put = guarded.putRecords({ name: 'papers' }, recordsOf(1))
      await expect(put).rejects.toMatchObject({
        code: 'COLLECTION_NOT_FOUND',
        outcome: 'unchanged',
      })
      await expect(put).rejects.toThrow('"papers"')
    })
  })

  describe('abilities', () => {
    it('has optional methods only where the adapter has them', async () => {
      const bare = guard(new MemoryStore({ rename: false }))
      expect(bare.renameCollection).toBeUndefined()
      expect('renameCollection' in bare).toBe(false)
      expect('recordProblem' in bare).toBe(false)
      const able = guard(new MemoryStore({ recordProblem: ({ id }) => `not ${id}` }))
      expect(able.renameCollection).toBeTypeOf('function')
      expect(able.recordProblem?.({ id: 'a', vector: new Float32Array(1) })).toBe('not a')
    })

    it('passes name and traits on', async () => {
      const store = new MemoryStore({ name: 'memory:mine' })
      expect(guard(store).name).toBe('memory:mine')
      expect(guard(store).traits).toBe(store.traits)
    })

    it('does not let recordProblem throw what nobody understands', async () => {
      const store = new MemoryStore({
        recordProblem: () => {
          throw 'boom'
        },
      })
      await store.createCollection(spec)
      const put = guard(store).putRecords({ name: 'docs' }, recordsOf(1))
      await expect(put).rejects.toMatchObject({
        code: 'STORE_REJECTED',
        outcome: 'unchanged',
        cause: 'boom',
      })
    })
  })

  describe('batches', () => {
    it('splits what is longer than one call takes', async () => {
      const { guarded, inner, store } = await withDocs({ batchRecordsMax: 10 })
      const docs = { name: 'docs' }
      const records = recordsOf(25)
      const ids = records.map(({ id }) => id)
      await guarded.putRecords(docs, records)
      expect(countOf(inner, 'putRecords')).toBe(3)
      const found = await guarded.getRecords(docs, [...ids, 'missing', ...ids])
      expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort())
      expect(countOf(inner, 'getRecords')).toBe(3)
      await guarded.deleteRecords(docs, [...ids, ...ids])
      expect(countOf(inner, 'deleteRecords')).toBe(3)
      expect(await store.countRecords(docs)).toBe(0)
    })

    it('says "unknown" when an earlier batch is in the store already', async () => {
      const { guarded, store } = await withDocs({ batchRecordsMax: 10 }, (method, call) =>
        method === 'putRecords' && call === 2 ? { refuses: refusal('RECORD_INVALID') } : 'proper',
      )
      await expect(guarded.putRecords({ name: 'docs' }, recordsOf(25))).rejects.toMatchObject({
        code: 'RECORD_INVALID',
        outcome: 'unknown',
      })
      expect(await store.countRecords({ name: 'docs' })).toBe(10)
    })

    it('stops between batches when aborted', async () => {
      const controller = new AbortController()
      const { guarded, store } = await withDocs({ batchRecordsMax: 10 }, (method, call) => {
        if (method === 'putRecords' && call === 2) controller.abort('enough')
        return 'proper'
      })
      const { signal } = controller
      const put = guarded.putRecords({ name: 'docs' }, recordsOf(45), { signal })
      await expect(put).rejects.toBe('enough')
      expect(await store.countRecords({ name: 'docs' })).toBe(20)
    })

    it('lets the event loop have its turns between batches', async () => {
      const { guarded } = await withDocs({ batchRecordsMax: 1 })
      let turns = 0
      const timer = setInterval(() => turns++, 0)
      await guarded.putRecords({ name: 'docs' }, recordsOf(2_000))
      clearInterval(timer)
      expect(turns).toBeGreaterThan(1)
    })

    it('puts into the collection that was checked, even when its name moves on', async () => {
      const { guarded, store } = await withDocs({ batchRecordsMax: 10 }, (method, call) => {
        if (method !== 'putRecords' || call !== 2) return 'proper'
        return { waitsFor: replaceDocs() }
      })
      const replaceDocs = async (): Promise<void> => {
        await renameOf(store)({ from: { name: 'docs' }, to: 'old' })
        await store.createCollection(spec)
      }
      await guarded.putRecords({ name: 'docs' }, recordsOf(25))
      expect(await store.countRecords({ name: 'old' })).toBe(25)
      expect(await store.countRecords({ name: 'docs' })).toBe(0)
    })
  })

  describe('errors', () => {
    it('turns what it does not know into STORE_REJECTED, without a word of it', async () => {
      const foreign: readonly unknown[] = [
        'password=hunter2',
        undefined,
        null,
        { code: 'STORE_TIMEOUT', retryable: true },
        new TypeError('password=hunter2'),
      ]
      for (const cause of foreign) {
        const { guarded, inner } = await withDocs({}, (method) =>
          method === 'countRecords' || method === 'putRecords' ? { refuses: cause } : 'proper',
        )
        const read = await rejection(guarded.countRecords({ name: 'docs' }))
        expect(read).toMatchObject({ code: 'STORE_REJECTED', outcome: 'unchanged' })
        expect(read).toMatchObject({ retryable: false })
        expect((read as Error).cause).toBe(cause)
        expect(countOf(inner, 'countRecords')).toBe(1)
        const write = await rejection(guarded.putRecords({ name: 'docs' }, recordsOf(1)))
        expect(write).toMatchObject({ code: 'STORE_REJECTED', outcome: 'unknown' })
        expect(JSON.stringify([read, write])).not.toContain('hunter2')
      }
    })

    it('knows that a read changes nothing, whatever the adapter says', async () => {
      const lost = new HoldfastError('STORE_UNAVAILABLE', 'lost', {
        outcome: 'unknown',
        retryable: false,
      })
      const { guarded } = await withDocs({}, () => ({ refuses: lost }))
      await expect(guarded.countRecords({ name: 'docs' })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome: 'unchanged',
      })
    })

    it('passes refusals on as they are', async () => {
      const refused = refusal('COLLECTION_NOT_FOUND')
      const { guarded, inner } = await withDocs({}, (method) =>
        method === 'deleteRecords' ? { refuses: refused } : 'proper',
      )
      await expect(guarded.deleteRecords({ name: 'docs' }, ['a'])).rejects.toBe(refused)
      expect(countOf(inner, 'deleteRecords')).toBe(1)
    })
  })

  describe('disposing', () => {
    it('waits for the calls in flight, refuses further ones, and leaves the adapter open', async () => {
      let answer = (): void => {}
      const answered = new Promise<void>((resolve) => {
        answer = resolve
      })
      const { guarded, store } = await withDocs({}, (method) =>
        method === 'putRecords' ? { waitsFor: answered } : 'proper',
      )
      const put = guarded.putRecords({ name: 'docs' }, recordsOf(1))
      await turn()
      let disposed = false
      const disposing = guarded[Symbol.asyncDispose]().then(() => {
        disposed = true
      })
      await turn()
      expect(disposed).toBe(false)
      const closed = { code: 'MANAGER_CLOSED', outcome: 'unchanged' }
      await expect(guarded.countRecords({ name: 'docs' })).rejects.toMatchObject(closed)
      await expect(collect(guarded.readRecords({ name: 'docs' }))).rejects.toMatchObject(closed)
      answer()
      await Promise.all([put, disposing])
      expect(await store.countRecords({ name: 'docs' })).toBe(1)
      await guarded[Symbol.asyncDispose]()
    })

    it('ends a stream that is open, and releases it', async () => {
      const { guarded, store } = await withDocs()
      await store.putRecords({ name: 'docs' }, recordsOf(30))
      const read = async (): Promise<void> => {
        for await (const _ of guarded.readRecords({ name: 'docs' }, { batchRecordsMax: 10 })) {
          await guarded[Symbol.asyncDispose]()
        }
      }
      await expect(read()).rejects.toMatchObject({ code: 'MANAGER_CLOSED' })
      expect(store.data.openReads).toBe(0)
    })
  })
})
