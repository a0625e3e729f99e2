import { describe, expect, it } from 'vitest'
import { describeAdapter } from '../../src/testing/describe-adapter.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import { brokenStores } from './broken-stores.ts'
import { CollectingRunner } from './collecting-runner.ts'

const open = async (): Promise<MemoryStore> => new MemoryStore()

describe('describeAdapter', () => {
  it.each(Object.entries(brokenStores))('catches %s', async (name, { open, caughtBy }) => {
    const runner = new CollectingRunner()
    describeAdapter({ name, runner, open: async () => open() })
    const failures = await runner.failures()
    expect([...failures.keys()]).toEqual(expect.arrayContaining([...caughtBy]))
  })

  it('fails nothing of a sound store', async () => {
    const runner = new CollectingRunner()
    describeAdapter({ name: 'sound', runner, open })
    expect(await runner.failures()).toEqual(new Map())
  })

  it('gives each scenario a key of its own', () => {
    const runner = new CollectingRunner()
    describeAdapter({ name: 'sound', runner, open })
    expect(new Set(runner.keys).size).toBe(runner.keys.length)
    for (const key of runner.keys) expect(key).toMatch(/^[a-zA-Z]+\.[a-z-]+$/u)
  })

  it('has known gaps fail', async () => {
    const runner = new CollectingRunner()
    const knownGaps = { 'search.ties': 'the index is approximate' }
    describeAdapter({ name: 'gaps', runner, open, knownGaps })
    expect(runner.mustFail).toEqual(['search.ties'])
  })

  it('refuses gaps that no scenario has', () => {
    const runner = new CollectingRunner()
    const knownGaps = { 'search.tie': 'a slip of the pen' }
    const define = (): void => describeAdapter({ name: 'gaps', runner, open, knownGaps })
    expect(define).toThrow(/search\.tie\b.*search\.ties/u)
    expect(runner.keys).toEqual([])
  })

  it('closes what it opened, also after a failure, and tells the failure', async () => {
    const runner = new CollectingRunner()
    const opened = new Set<MemoryStore>()
    describeAdapter({
      name: 'closing',
      runner,
      open: async () => {
        const store = Object.assign(new MemoryStore(), {
          countRecords: () => Promise.reject(new Error('the failure')),
          async [Symbol.asyncDispose]() {
            opened.delete(store)
            throw new Error('the close')
          },
        })
        opened.add(store)
        return store
      },
    })
    const failures = await runner.failures()
    expect(String(failures.get('records.put-and-get'))).toContain('the failure')
    expect(String(failures.get('collections.list'))).toContain('the close')
    expect(opened.size).toBe(0)
  })
})
