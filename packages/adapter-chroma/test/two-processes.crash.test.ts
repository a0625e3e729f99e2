import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OperationResult } from '@holdfast/core'
import { SeededRandom } from '@holdfast/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ChromaAdapter } from '../src/index.ts'
import { churn, churnFaults } from './crash/churn.ts'
import { ALIKE, ChurnModel, IDS } from './crash/churn-model.ts'
import { directoryFaults } from './crash/directory-check.ts'
import type { OpenOptions } from './crash/protocol.ts'
import { recordsOf } from './crash/records.ts'
import { noteKill, overlaps } from './crash/sections.ts'
import { differences, dropAll, readState } from './crash/store-state.ts'
import { closeWorld, openWorld } from './crash/test-world.ts'
import type { TrialWorld } from './crash/trial.ts'
import type { WorkerProcess } from './crash/worker-process.ts'

/**
 * Several real processes on one directory and one Chroma server: one at a time, in turn, and
 * whoever dies is in nobody's way. `SEED=123` repeats the random part, `EFFORT=10` makes it last.
 */
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
const effort = Number(process.env['EFFORT'] ?? 1)
const CHURN_MS = 20_000
/** Two seconds are a turn; the rest is for a loaded machine. */
const TURN_MS_MAX = 10_000
const NAMES = ['one', 'two', 'three'].map((name) => `two-processes-${name}`)
const [ONE, TWO] = NAMES as [string, string]
const PATIENT = { waitMs: 120_000 }
const IMPATIENT = { waitMs: 0 }

describe.skipIf(chromaUrl() === undefined)('processes that share a directory', () => {
  const started: WorkerProcess[] = []
  const initial = new Map(
    [ONE, TWO].map((name, index) => [name, recordsOf(new SeededRandom(index), IDS, name)]),
  )
  let world: TrialWorld
  let isFine = true
  let open: OpenOptions & { readonly sections: string }

  beforeAll(async () => {
    world = await openWorld(chromaUrl() ?? '')
  })
  afterAll(() => closeWorld(world, { keep: !isFine }))

  beforeEach(async () => {
    const directory = await mkdtemp(join(world.root, 'shared-'))
    const sections = `${directory}.sections`
    await writeFile(sections, '')
    open = { directory, sections, chroma: world.chroma, batchRecordsMax: 20, nativeRename: true }
    const adapter = new ChromaAdapter({ client: world.client })
    for (const [name, records] of initial) {
      await adapter.createCollection({ name, metric: 'euclidean', metadata: ALIKE.metadata })
      await adapter.putRecords({ name }, records)
    }
  })
  afterEach(async () => {
    const open = started.splice(0).filter((worker) => worker.isAlive)
    await Promise.all(open.map((worker) => worker.close()))
    await dropAll(world.client, '')
  })

  async function start(): Promise<WorkerProcess> {
    const worker = await world.pool.take()
    started.push(worker)
    await worker.call('open', open)
    return worker
  }

  function put(worker: WorkerProcess, name: string, options: object): Promise<OperationResult> {
    const records = recordsOf(new SeededRandom(worker.pid), 40, `by ${worker.pid}`)
    return worker.operate('safePutRecords', name, records, options)
  }

  /** Stands still in the middle of changing the store. */
  async function putHalf(worker: WorkerProcess, name: string): Promise<{ end: Promise<unknown> }> {
    await worker.call('stopAt', { kind: 'store', effect: 1, moment: 'before', delayMs: 0 })
    const end = put(worker, name, PATIENT)
    end.catch(() => {})
    await worker.reached()
    return { end }
  }

  it('refuses or waits, as asked, while another process is in the middle', async () => {
    const [first, second] = [await start(), await start()]
    const { end } = await putHalf(first, ONE)
    for (const name of [ONE, TWO]) {
      const refused = put(second, name, IMPATIENT)
      await expect(refused).rejects.toMatchObject({ code: 'COLLECTION_BUSY', outcome: 'unchanged' })
    }
    const seen = await second.call('history', {})
    expect(seen.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['records:put checkpointed'])
    expect(await second.call('recover')).toEqual([])
    // Neither does opening wait, nor does it take anything away from whoever is alive.
    const third = await start()
    expect(await third.call('recover')).toEqual([])

    let isOver = false
    const waiting = put(second, ONE, PATIENT).finally(() => {
      isOver = true
    })
    await sleep(300)
    expect(isOver).toBe(false)
    await first.call('goOn')
    await end
    await waiting
    const after = await third.call('history', {})
    expect(after.map(({ state }) => state)).toEqual(['committed', 'committed'])
    expect(await overlaps(open.sections)).toEqual([])
  })

  it('lets everybody in who waits, one after the other', async () => {
    const [first, ...others] = [await start(), await start(), await start(), await start()]
    const { end } = await putHalf(first as WorkerProcess, ONE)
    const waiting = others.map((worker) => put(worker, ONE, PATIENT))
    await sleep(200)
    await first?.call('goOn')
    const results = (await Promise.all([end, ...waiting])) as OperationResult[]
    expect(new Set(results.map(({ operationId }) => operationId)).size).toBe(4)
    const history = (await first?.call('history', {})) ?? []
    expect(history.map(({ state }) => state)).toEqual(results.map(() => 'committed'))
    expect(await overlaps(open.sections)).toEqual([])
  })

  it('goes on at once where a process was killed in the middle', async () => {
    const [first, second] = [await start(), await start()]
    await putHalf(first, ONE)
    await noteKill(open.sections, first.pid)
    await first.kill()
    const { operationId } = await second.operate<OperationResult>(
      'safeDeleteCollection',
      ONE,
      IMPATIENT,
    )
    const states = (await second.call('history', {})).map(({ kind, state }) => `${kind} ${state}`)
    expect(states).toEqual(['collection:delete committed', 'records:put rolled-back'])
    await second.operate('undelete', operationId, IMPATIENT)
    const expected = new ChurnModel(initial).state
    expect(differences(await readState(world.client, ''), expected)).toEqual([])
    expect(await overlaps(open.sections)).toEqual([])
  })

  it('does once what two processes ask for with one key', async () => {
    const [first, second] = [await start(), await start()]
    for (let round = 0; round < 8; round++) {
      const options = { ...PATIENT, idempotencyKey: `key ${round}` }
      const [from, to] = round % 2 === 0 ? [ONE, NAMES[2]] : [NAMES[2], ONE]
      const both = await Promise.all(
        [first, second].map((worker) =>
          worker.operate<OperationResult>('safeRenameCollection', { from, to }, options),
        ),
      )
      expect(both[0]?.operationId).toBe(both[1]?.operationId)
      expect(both.filter(({ replayed }) => replayed)).toHaveLength(1)
    }
    expect(await second.call('history', {})).toHaveLength(8)
    expect(await overlaps(open.sections)).toEqual([])
  })

  it('gives a turn to who waits while another process never pauses', async () => {
    const [first, second] = [await start(), await start()]
    let isOver = false
    let count = 0
    const busy = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        await put(first, ONE, PATIENT)
        count++
      }
    })
    const turnsMs: number[] = []
    for (let round = 0; round < 3; round++) {
      const before = count
      while (count < before + 2) await sleep(10)
      const { durationsMs } = await put(second, TWO, PATIENT)
      turnsMs.push(Math.round(durationsMs.lease ?? 0))
    }
    isOver = true
    await Promise.all(busy)
    console.log(`turns after ${turnsMs.join(', ')} ms, among ${count} operations of the other`)
    for (const turnMs of turnsMs) expect(turnMs).toBeLessThan(TURN_MS_MAX)
    expect(await overlaps(open.sections)).toEqual([])
  })

  it('keeps journal and store true while many work and some are killed', async () => {
    const places = 4
    const report = await churn(world, {
      seed,
      open,
      names: NAMES,
      processes: places,
      durationMs: CHURN_MS * effort,
      killEveryMs: 2_500,
    })
    const last = await start()
    const newestFirst = await last.call('history', { limit: 1_000_000 })
    const history = [...newestFirst].reverse()
    const model = new ChurnModel(initial)
    const faults = [...churnFaults(report, history, model)]
    faults.push(...differences(await readState(world.client, ''), model.state))
    faults.push(...(await directoryFaults(open.directory, history)))
    faults.push(...(await overlaps(open.sections)))
    for (const { kind, state } of history) {
      if (state !== 'committed' && state !== 'rolled-back') faults.push(`${kind} is left ${state}`)
    }
    isFine = faults.length === 0
    expect(faults, `SEED=${seed} in ${open.directory}`).toEqual([])

    const committed = report.calls.filter(({ told }) => !(told instanceof Error))
    console.log(
      `SEED=${seed}: ${report.calls.length} calls, ${committed.length} told done, ` +
        `${report.kills} processes killed, ${history.length} operations in the journal`,
    )
    expect(report.kills).toBeGreaterThan(2)
    const busy = new Set(committed.map(({ place }) => place))
    expect(busy.size).toBe(places)
    await rm(open.directory, { recursive: true })
  })
})
