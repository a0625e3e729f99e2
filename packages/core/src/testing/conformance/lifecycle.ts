import assert from 'node:assert/strict'
import { type AdapterScenario, createFilled, namesIn, recordsOf } from './fixtures.ts'

export const lifecycleScenarios: readonly AdapterScenario[] = [
  {
    key: 'lifecycle.opens-empty',
    title: 'a fresh store has no collections',
    async run(store) {
      assert.deepEqual(await namesIn(store), [])
      assert.equal(await store.getCollection({ name: 'docs' }), undefined)
    },
  },
  {
    key: 'lifecycle.dispose-twice',
    title: 'can be disposed twice',
    async run(store) {
      await createFilled(store, 'docs', recordsOf(1))
      await store[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  },
  {
    key: 'lifecycle.name',
    title: 'has a name without a secret in it',
    async run(store) {
      assert.ok(store.name.length > 0, 'the name is empty')
      assert.ok(!store.name.includes('@'), 'the name looks like an address with credentials')
    },
  },
  {
    key: 'lifecycle.traits',
    title: 'has traits that make sense',
    async run({ traits }) {
      for (const trait of ['batchRecordsMax', 'dimensionMax', 'recordIdBytesMax'] as const) {
        assert.ok(Number.isInteger(traits[trait]) && traits[trait] >= 1, `traits.${trait}`)
      }
      assert.ok(traits.metrics.length > 0, 'traits.metrics is empty')
      assert.equal(new Set(traits.metrics).size, traits.metrics.length, 'a metric is named twice')
      assert.ok(traits.visibilityLagMsMax >= 0, 'traits.visibilityLagMsMax')
      const { lengthMin, lengthMax, pattern } = traits.names
      assert.ok(lengthMin >= 1 && lengthMin <= lengthMax, 'the lengths in traits.names')
      assert.ok(new RegExp(`^(?:${pattern})$`, 'u'), 'traits.names.pattern')
    },
  },
  {
    key: 'lifecycle.engine-version',
    title: 'knows the engine and its version',
    async run(store) {
      const { engine, version } = await store.engineVersion()
      assert.ok(engine.length > 0, 'the engine has no name')
      assert.ok(version.length > 0, 'the engine has no version')
    },
  },
]
