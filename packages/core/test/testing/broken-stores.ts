import type { CollectionRef } from '../../src/model/collection.ts'
import { HoldfastError } from '../../src/model/errors.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import type { VectorStoreAdapter } from '../../src/store/adapter.ts'
import { MemoryStore, type MemoryStoreOptions } from '../../src/testing/memory-store.ts'

interface BrokenStore {
  /** Scenarios that must catch it. */
  readonly caughtBy: readonly string[]
  readonly open: () => VectorStoreAdapter
}

type Patch = (sound: MemoryStore) => Partial<VectorStoreAdapter>

/** A memory store with some of its methods replaced; `sound` is an intact one on the same data. */
function broken(
  caughtBy: readonly string[],
  patch: Patch,
  options: MemoryStoreOptions = {},
): BrokenStore {
  return {
    caughtBy,
    open: () => {
      const sound = new MemoryStore(options)
      return Object.assign(new MemoryStore({ ...options, data: sound.data }), patch(sound))
    },
  }
}

const rename = (sound: MemoryStore): NonNullable<MemoryStore['renameCollection']> =>
  sound.renameCollection as NonNullable<MemoryStore['renameCollection']>

/** Defects that were seen in real adapters, or are easily made. */
export const brokenStores: Readonly<Record<string, BrokenStore>> = {
  'a put that merges metadata': broken(['records.replace-whole'], (sound) => ({
    async putRecords(ref, records, options) {
      const old = new Map(
        (
          await sound.getRecords(
            ref,
            records.map(({ id }) => id),
          )
        ).map((one) => [one.id, one]),
      )
      const merged = records.map((record) => ({
        ...record,
        metadata: { ...old.get(record.id)?.metadata, ...record.metadata },
      }))
      await sound.putRecords(ref, merged, options)
    },
  })),
  'a put that leaves the old text': broken(['records.replace-whole'], (sound) => ({
    async putRecords(ref, records, options) {
      const old = new Map(
        (
          await sound.getRecords(
            ref,
            records.map(({ id }) => id),
          )
        ).map((one) => [one.id, one]),
      )
      await sound.putRecords(
        ref,
        records.map((one) => ({ ...old.get(one.id), ...one })),
        options,
      )
    },
  })),
  'a put that ignores ids that are there, as `add` does': broken(
    ['records.replace-whole', 'records.put-mixed', 'search.sees-writes'],
    (sound) => ({
      async putRecords(ref, records, options) {
        const old = await sound.getRecords(
          ref,
          records.map(({ id }) => id),
        )
        const known = new Set(old.map(({ id }) => id))
        await sound.putRecords(
          ref,
          records.filter(({ id }) => !known.has(id)),
          options,
        )
      },
    }),
  ),
  'a put that drops what is above its limit': broken(
    ['limits.batch-above'],
    (sound) => ({
      async putRecords(ref, records, options) {
        await sound.putRecords(ref, records.slice(0, 50), options)
      },
    }),
    { batchRecordsMax: 50 },
  ),
  'a put that keeps what came before the bad record and says that nothing changed': broken(
    ['errors.wrong-dimension'],
    (sound) => ({
      async putRecords(ref, records, options) {
        for (const record of records) await sound.putRecords(ref, [record], options)
      },
    }),
  ),
  'a put that keeps the caller’s vector': broken(['records.no-aliasing'], (sound) => {
    const aliases = new Map<string, Float32Array>()
    const patched = (records: readonly VectorRecord[]): readonly VectorRecord[] =>
      records.map((one) => ({ ...one, vector: aliases.get(one.id) ?? one.vector }))
    return {
      async putRecords(ref, records, options) {
        await sound.putRecords(ref, records, options)
        for (const { id, vector } of records) aliases.set(id, vector)
      },
      async *readRecords(ref, options) {
        for await (const batch of sound.readRecords(ref, options)) yield patched(batch)
      },
    }
  }),
  'ids that are trimmed': broken(['records.unusual-ids'], (sound) => ({
    async putRecords(ref, records, options) {
      const trimmed = records.map((one) => ({ ...one, id: one.id.trim() }))
      await sound.putRecords(ref, trimmed, options)
    },
  })),
  'ids that are cut': broken(['limits.record-id', 'limits.record-id-above'], (sound) => ({
    async putRecords(ref, records, options) {
      await sound.putRecords(
        ref,
        records.map((one) => ({ ...one, id: one.id.slice(0, 500) })),
        options,
      )
    },
  })),
  'a delete of no ids that deletes all': broken(['records.empty-calls'], (sound) => ({
    async deleteRecords(ref, ids, options) {
      const all = [...(sound.data.find(ref)?.records.keys() ?? [])]
      await sound.deleteRecords(ref, ids.length === 0 ? all : ids, options)
    },
  })),
  'a delete that fails on a missing id': broken(['records.delete'], (sound) => ({
    async deleteRecords(ref, ids, options) {
      if ((await sound.getRecords(ref, ids)).length < ids.length) throw new Error('no such id')
      await sound.deleteRecords(ref, ids, options)
    },
  })),
  'a get of no ids that gets all': broken(['records.empty-calls'], (sound) => ({
    async getRecords(ref, ids, options) {
      const all = [...(sound.data.find(ref)?.records.keys() ?? [])]
      return sound.getRecords(ref, ids.length === 0 ? all : ids, options)
    },
  })),
  'a drop that goes by the name only': broken(['collections.stale-id'], (sound) => ({
    dropCollection: ({ name }, options) => sound.dropCollection({ name }, options),
  })),
  'a drop that fails when it is gone': broken(['collections.drop'], (sound) => ({
    async dropCollection(ref, options) {
      await sound.countRecords(ref, options)
      await sound.dropCollection(ref, options)
    },
  })),
  'a create that returns what is there': broken(['collections.create-exclusive'], (sound) => ({
    createCollection: async (spec, options) =>
      (await sound.getCollection({ name: spec.name }, options)) ??
      sound.createCollection(spec, options),
  })),
  'a create that empties what is there': broken(['collections.create-exclusive'], (sound) => ({
    async createCollection(spec, options) {
      await sound.dropCollection({ name: spec.name })
      return sound.createCollection(spec, options)
    },
  })),
  'a create that looks first and creates afterwards': broken(
    ['collections.create-race'],
    (sound) => ({
      async createCollection(spec, options) {
        const taken = (await sound.getCollection({ name: spec.name }, options)) !== undefined
        await new Promise((resolve) => setImmediate(resolve))
        if (taken) return sound.createCollection(spec, options)
        await sound.dropCollection({ name: spec.name })
        return sound.createCollection(spec, options)
      },
    }),
  ),
  'a create that forgets the metadata': broken(['collections.create'], (sound) => ({
    createCollection: ({ metadata: _, ...spec }, options) => sound.createCollection(spec, options),
  })),
  'a create that has one metric only': broken(['collections.spec-round-trip'], (sound) => ({
    createCollection: (spec, options) =>
      sound.createCollection({ ...spec, metric: 'cosine' }, options),
  })),
  'a name that is folded to lower case': broken(['names.accepted'], (sound) => ({
    createCollection: (spec, options) =>
      sound.createCollection({ ...spec, name: spec.name.toLowerCase() }, options),
  })),
  'a name that is cut at 63 letters': broken(['names.lengths'], (sound) => ({
    createCollection: (spec, options) =>
      sound.createCollection({ ...spec, name: spec.name.slice(0, 63) }, options),
  })),
  'a name outside the rules that is made to fit': broken(['names.outside'], (sound) => ({
    createCollection: (spec, options) =>
      sound.createCollection({ ...spec, name: spec.name.replace(/[^\w.-]/gu, '_') }, options),
  })),
  'a list that forgets the last': broken(['collections.list'], (sound) => ({
    async *listCollections(options) {
      let held: Awaited<ReturnType<MemoryStore['getCollection']>>
      for await (const info of sound.listCollections(options)) {
        if (held !== undefined) yield held
        held = info
      }
    },
  })),
  'a reader that skips a record': broken(['streams.every-record-once'], (sound) => ({
    async *readRecords(ref, options) {
      let seen = 0
      for await (const batch of sound.readRecords(ref, options)) {
        yield batch.filter(() => ++seen % 100 !== 0)
      }
    },
  })),
  'a reader that repeats the last record of a page': broken(
    ['streams.every-record-once'],
    (sound) => ({
      async *readRecords(ref, options) {
        let last: VectorRecord | undefined
        for await (const batch of sound.readRecords(ref, options)) {
          yield [...(last === undefined ? [] : [last]), ...batch].slice(0, batch.length)
          last = batch.at(-1)
        }
      },
    }),
  ),
  'a reader that ignores the size wished for': broken(['streams.every-record-once'], (sound) => ({
    readRecords: (ref, { signal } = {}) => sound.readRecords(ref, signal && { signal }),
  })),
  'a reader that ends in silence when its collection is gone': broken(
    ['errors.dropped-while-read', 'errors.not-found'],
    (sound) => ({
      async *readRecords(ref, options) {
        try {
          yield* sound.readRecords(ref, options)
        } catch (error) {
          options?.signal?.throwIfAborted()
          if (!(error instanceof HoldfastError)) throw error
        }
      },
    }),
  ),
  'a reader that keeps its cursor': broken(['streams.break-releases'], (sound) => {
    let cursors = 0
    return {
      async *readRecords(ref, options) {
        if (++cursors > 10) {
          const say = { outcome: 'unchanged', retryable: true } as const
          throw new HoldfastError('STORE_UNAVAILABLE', 'No cursor is left. Close some.', say)
        }
        yield* sound.readRecords(ref, options)
        cursors--
      },
    }
  }),
  'a reader that looks at the signal once': broken(['streams.abort-between-batches'], (sound) => ({
    async *readRecords(ref, options) {
      options?.signal?.throwIfAborted()
      const { signal: _, ...rest } = options ?? {}
      yield* sound.readRecords(ref, rest)
    },
  })),
  'an abort in other words': broken(['abort.before'], (sound) => ({
    async countRecords(ref, options) {
      if (options?.signal?.aborted) throw new Error('This operation was aborted')
      return sound.countRecords(ref, options)
    },
  })),
  'an abort that is not heard': broken(['abort.before'], (sound) => ({
    dropCollection: (ref) => sound.dropCollection(ref),
  })),
  'an abort that becomes an error of its own while under way': broken(
    ['abort.during'],
    (sound) => ({
      async search(ref, query, options) {
        options?.signal?.throwIfAborted()
        await new Promise((resolve) => setImmediate(resolve))
        if (options?.signal?.aborted) throw new Error('socket hang up')
        return sound.search(ref, query, options)
      },
    }),
  ),
  'a rename that can’t be repeated': broken(['rename.idempotent'], (sound) => ({
    async renameCollection(change, options) {
      if (sound.data.byName(change.from.name) === undefined) throw new Error('no such collection')
      await rename(sound)(change, options)
    },
  })),
  'a rename that goes by the name only': broken(['rename.stale-id'], (sound) => ({
    async renameCollection({ from, ...change }, options) {
      const known = sound.data.find(from) === undefined ? { name: from.name } : from
      await rename(sound)({ ...change, from: known }, options)
    },
  })),
  'a rename that replaces what has the name': broken(['rename.taken'], (sound) => ({
    async renameCollection(change, options) {
      const taken = sound.data.byName(change.to)
      if (taken !== undefined && taken !== sound.data.find(change.from)) sound.data.drop(taken.id)
      await rename(sound)(change, options)
    },
  })),
  'a rename that adds to the metadata': broken(['rename.metadata'], (sound) => ({
    async renameCollection(change, options) {
      const old = sound.data.find(change.from)?.metadata
      const metadata = change.metadata && { ...old, ...change.metadata }
      await rename(sound)({ ...change, ...(metadata && { metadata }) }, options)
    },
  })),
  'a rename that copies and drops': broken(['rename.atomic', 'rename.keeps-all'], (sound) => ({
    async renameCollection(change, options) {
      options?.signal?.throwIfAborted()
      const info = await sound.getCollection(change.from)
      if (info === undefined || info.name === change.to) return rename(sound)(change, options)
      await rename(sound)({ from: info, to: `${info.name}-old` })
      await new Promise((resolve) => setTimeout(resolve, 2))
      const copy = await sound.createCollection({ ...info, name: change.to })
      for await (const batch of sound.readRecords(info)) await sound.putRecords(copy, batch)
      await sound.dropCollection(info)
    },
  })),
  'a search in the wrong order': broken(['search.order', 'search.finds-itself'], (sound) => ({
    search: async (ref, query, { limit = 10 } = {}) =>
      [...(await sound.search(ref, query, { limit: 1000 }))].reverse().slice(0, limit),
  })),
  'a search without a limit of 0': broken(['search.limit'], (sound) => ({
    search: (ref, query, options = {}) =>
      sound.search(ref, query, { ...options, limit: options.limit || 10 }),
  })),
  'a search that merges equal distances': broken(['search.ties'], (sound) => ({
    async search(ref, query, options) {
      const hits = await sound.search(ref, query, options)
      return [...new Map(hits.map((hit) => [hit.distance, hit])).values()]
    },
  })),
  'a search that still finds the deleted': broken(['search.sees-writes'], (sound) => {
    const gone: string[] = []
    return {
      async deleteRecords(ref, ids, options) {
        await sound.deleteRecords(ref, ids, options)
        gone.push(...ids)
      },
      async search(ref, query, options) {
        const hits = await sound.search(ref, query, options)
        return [...gone.map((id) => ({ id, distance: -1 })), ...hits]
      },
    }
  }),
  'vectors that are normalized behind `exact`': broken(
    ['fidelity.ordinary'],
    (sound) => ({
      traits: { ...sound.traits, vectorFidelity: 'exact' },
      putRecords: (ref, records, options) => sound.putRecords(ref, records, options),
    }),
    { vectorFidelity: 'normalized' },
  ),
  'vectors that went through JSON': broken(['fidelity.negative-zero'], (sound) => ({
    async putRecords(ref, records, options) {
      const parsed = records.map((one) => ({
        ...one,
        vector: Float32Array.from(JSON.parse(JSON.stringify([...one.vector])) as number[]),
      }))
      await sound.putRecords(ref, parsed, options)
    },
  })),
  'vectors in six digits': broken(['fidelity.ordinary', 'fidelity.copies'], (sound) => ({
    async putRecords(ref, records, options) {
      const short = records.map((one) => ({
        ...one,
        vector: one.vector.map((component) => Number(component.toPrecision(6))),
      }))
      await sound.putRecords(ref, short, options)
    },
  })),
  'metadata whose nested parts are lost': broken(['recordProblem.values'], (sound) => ({
    async putRecords(ref, records, options) {
      const flat = records.map((one) => ({
        ...one,
        metadata: Object.fromEntries(
          Object.entries(one.metadata ?? {}).filter(([, value]) => typeof value !== 'object'),
        ),
      }))
      await sound.putRecords(ref, flat, options)
    },
  })),
  'metadata that is put together by assignment': broken(['recordProblem.keys'], (sound) => ({
    async putRecords(ref, records, options) {
      const assigned = records.map((one) => {
        const metadata: Record<string, never> = {}
        for (const [key, value] of Object.entries(one.metadata ?? {}))
          metadata[key] = value as never
        return { ...one, metadata }
      })
      await sound.putRecords(ref, assigned, options)
    },
  })),
  'an empty text that is taken for none': broken(['recordProblem.texts'], (sound) => ({
    async putRecords(ref, records, options) {
      const kept = records.map(({ text, ...one }) => (text ? { ...one, text } : one))
      await sound.putRecords(ref, kept, options)
    },
  })),
  'a foreign error': broken(['errors.not-found'], (sound) => ({
    async countRecords(ref: CollectionRef, options) {
      if (sound.data.find(ref) === undefined) throw new Error('HTTP 404')
      return sound.countRecords(ref, options)
    },
  })),
  'a missing collection that counts as empty': broken(['errors.not-found'], (sound) => ({
    countRecords: async (ref, options) =>
      sound.data.find(ref) === undefined ? 0 : sound.countRecords(ref, options),
  })),
  'a query of the wrong length that is cut': broken(['errors.wrong-query'], (sound) => ({
    search: (ref, query, options) =>
      sound.search(ref, query.slice(0, sound.data.find(ref)?.dimension), options),
  })),
  'a dispose that fails the second time': broken(['lifecycle.dispose-twice'], (sound) => {
    let disposed = false
    return {
      async [Symbol.asyncDispose]() {
        if (disposed) throw new Error('closed already')
        disposed = true
        await sound[Symbol.asyncDispose]()
      },
    }
  }),
  'a store that is not empty at first': broken(['lifecycle.opens-empty'], (sound) => {
    sound.data.create({ name: 'left-over', metric: 'cosine' })
    return {}
  }),
  'a name with a password in it': broken(['lifecycle.name'], () => ({
    name: 'postgres://me:secret@host/vectors',
  })),
}
