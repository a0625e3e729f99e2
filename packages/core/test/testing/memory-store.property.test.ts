import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CollectionSpec } from '../../src/model/collection.ts'
import { isHoldfastError } from '../../src/model/errors.ts'
import type { VectorRecord } from '../../src/model/record.ts'
import { sameRecord, vectorTolerance } from '../../src/model/same-record.ts'
import type { VectorStoreAdapter } from '../../src/store/adapter.ts'
import { propertyRuns, type StoreStep, storeSteps } from '../../src/testing/generators.ts'
import { MemoryStore, type MemoryStoreOptions } from '../../src/testing/memory-store.ts'

/** What a store should hold: the simplest thing that can be right. */
type Model = Map<
  string,
  { readonly spec: CollectionSpec; readonly records: Map<string, VectorRecord> }
>

/** Does the step to the model, and tells with which code the store should refuse it. */
function expectStep(model: Model, step: StoreStep): string | undefined {
  if (step.type === 'create') {
    if (model.has(step.spec.name)) return 'COLLECTION_EXISTS'
    model.set(step.spec.name, { spec: step.spec, records: new Map() })
    return undefined
  }
  if (step.type === 'rename') return expectRename(model, step)
  const collection = model.get(step.name)
  if (step.type === 'drop') {
    model.delete(step.name)
    return undefined
  }
  if (collection === undefined) return 'COLLECTION_NOT_FOUND'
  if (step.type === 'put') for (const one of step.records) collection.records.set(one.id, one)
  else for (const id of step.ids) collection.records.delete(id)
  return undefined
}

function expectRename(
  model: Model,
  { from, to }: StoreStep & { readonly type: 'rename' },
): string | undefined {
  const collection = model.get(from)
  if (collection === undefined) return 'COLLECTION_NOT_FOUND'
  if (from === to) return undefined
  if (model.has(to)) return 'COLLECTION_EXISTS'
  model.delete(from)
  model.set(to, collection)
  return undefined
}

async function doStep(store: VectorStoreAdapter, step: StoreStep): Promise<string | undefined> {
  try {
    if (step.type === 'create') await store.createCollection(step.spec)
    if (step.type === 'drop') await store.dropCollection(step)
    if (step.type === 'put') await store.putRecords(step, step.records)
    if (step.type === 'delete') await store.deleteRecords(step, step.ids)
    if (step.type === 'rename') {
      await store.renameCollection?.({ from: { name: step.from }, to: step.to })
    }
    return undefined
  } catch (error) {
    if (isHoldfastError(error)) return error.code
    throw error
  }
}

async function expectSame(store: MemoryStore, model: Model): Promise<void> {
  expect(Object.keys(store.snapshot())).toEqual([...model.keys()].sort())
  const tolerance = vectorTolerance(store.traits.vectorFidelity)
  for (const [name, { spec, records }] of model) {
    const info = await store.getCollection({ name })
    expect(info).toMatchObject({ metric: spec.metric, count: records.size })
    expect(info?.metadata ?? {}).toEqual(spec.metadata ?? {})
    const found = await store.getRecords({ name }, [...records.keys()])
    expect(found).toHaveLength(records.size)
    for (const record of found) {
      expect(sameRecord(record, records.get(record.id) as VectorRecord, tolerance)).toBe(true)
    }
  }
}

describe('MemoryStore', () => {
  it.each<[string, MemoryStoreOptions]>([
    ['exact', {}],
    ['normalized', { vectorFidelity: 'normalized' }],
  ])('does what a map of maps does (%s)', async (_, options) => {
    await fc.assert(
      fc.asyncProperty(storeSteps(), async (steps) => {
        const store = new MemoryStore(options)
        const model: Model = new Map()
        for (const step of steps) {
          const code = expectStep(model, step)
          expect(await doStep(store, step)).toBe(code)
          await expectSame(store, model)
        }
      }),
      propertyRuns(process.env, 100),
    )
  })
})
