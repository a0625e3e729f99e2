import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { OperationRecord, OperationResult } from '@holdfast/core'
import { SeededRandom } from '@holdfast/core/testing'
import type { ChromaClient } from 'chromadb'
import { directoryFaults, isLockFree } from './directory-check.ts'
import type { ChromaPlace, OpenOptions } from './protocol.ts'
import { recordsOf } from './records.ts'
import { type Call, prepareSite, type Scenario, type Site } from './scenarios.ts'
import { differences, dropAll, readState, type StoreState, stateOf } from './store-state.ts'
import type { WorkerPool } from './worker-pool.ts'
import type { WorkerProcess } from './worker-process.ts'

/** Few records take several calls, so that there is a place to die between them. */
const BATCH_RECORDS = 100
const EXTRA_INDEX = 1_000_000

/** What trials share. */
export interface TrialWorld {
  readonly pool: WorkerPool
  /** Makes what has to be there before; is never killed. */
  readonly helper: WorkerProcess
  readonly client: ChromaClient
  readonly chroma: ChromaPlace
  /** Directories are made in it, and left there when something is wrong. */
  readonly root: string
}

export interface TrialOptions {
  readonly seed: number
  readonly scenario: Scenario
  readonly recordCount: number
}

/** One operation on a collection and a directory of its own, on which something goes wrong. */
export class Trial {
  readonly open: OpenOptions
  readonly #world: TrialWorld
  readonly #scenario: Scenario
  readonly #site: Site
  readonly #call: Call

  private constructor(
    world: TrialWorld,
    scenario: Scenario,
    site: Site,
    open: OpenOptions,
    call: Call,
  ) {
    this.open = open
    this.#world = world
    this.#scenario = scenario
    this.#site = site
    this.#call = call
  }

  static async prepare(
    world: TrialWorld,
    { scenario, seed, recordCount }: TrialOptions,
  ): Promise<Trial> {
    const site = await prepareSite(world.client, seed, recordCount)
    const open: OpenOptions = {
      directory: await mkdtemp(join(world.root, site.prefix)),
      chroma: world.chroma,
      batchRecordsMax: BATCH_RECORDS,
      nativeRename: scenario.nativeRename ?? true,
    }
    let deletedId = ''
    if (scenario.deleted !== undefined) {
      const { method, args } = scenario.deleted(site)
      await world.helper.call('open', open)
      deletedId = (await world.helper.operate<OperationResult>(method, ...args)).operationId
      await world.helper.call('close')
    }
    return new Trial(world, scenario, site, open, scenario.call(site, deletedId))
  }

  /** The operation, always under the same idempotency key. */
  operate(worker: WorkerProcess): Promise<OperationResult> {
    const { method, args } = this.#call
    return worker.operate(method, ...args, {
      idempotencyKey: this.#key,
      actor: this.#key,
      waitMs: 0,
    })
  }

  /**
   * Its state in the journal, `none` when it is not there, and what is wrong with a world in which
   * nothing should be under way: the store is as that state says, and nothing is left over.
   */
  async look(
    worker: WorkerProcess,
  ): Promise<{ readonly verdict: string; readonly faults: readonly string[] }> {
    const history = await worker.call('history', {})
    const verdict = this.#findOwn(history)?.state ?? 'none'
    const { before, after } = this.#scenario
    const expected = verdict === 'committed' ? after(this.#site) : before(this.#site)
    const faults = history
      .filter(({ state }) => state !== 'committed' && state !== 'rolled-back')
      .map(({ kind, state }) => `${kind} is left ${state}`)
    faults.push(...(await this.#stateFaults(`when the journal says ${verdict}`, expected)))
    faults.push(...(await directoryFaults(this.open.directory, history)))
    return { verdict, faults }
  }

  /**
   * What a user does next works at once: repeating the operation does not do it twice, what was
   * deleted comes back, and other operations find nobody in their way. Ends the worker.
   */
  async goOn(worker: WorkerProcess, isDone: boolean): Promise<readonly string[]> {
    const { after, before, kind } = this.#scenario
    const again = await this.operate(worker)
    const faults = [...(await this.#stateFaults('when repeated', after(this.#site)))]
    if (again.replayed !== isDone) faults.push(`repeating it told replayed ${again.replayed}`)
    if (kind === 'collection:delete' || kind === 'records:delete') {
      await worker.operate('undelete', again.operationId, { waitMs: 0 })
      faults.push(...(await this.#stateFaults('when undeleted', before(this.#site))))
    } else {
      faults.push(...(await this.#putExtra(worker)))
    }
    const history = await worker.call('history', {})
    await worker.close()
    faults.push(...(await directoryFaults(this.open.directory, history)))
    if (!(await isLockFree(this.open.directory))) faults.push('the lock is still held')
    return faults
  }

  async dispose(): Promise<void> {
    await dropAll(this.#world.client, this.#site.prefix)
    await rm(this.open.directory, { recursive: true, force: true })
  }

  get #key(): string {
    return `trial-${this.#site.seed}`
  }

  #findOwn(history: readonly OperationRecord[]): OperationRecord | undefined {
    return history.find(({ actor }) => actor === this.#key)
  }

  async #putExtra(worker: WorkerProcess): Promise<readonly string[]> {
    const extra = recordsOf(new SeededRandom(this.#site.seed), 1, 'extra', EXTRA_INDEX)
    const expected = new Map(this.#scenario.after(this.#site))
    for (const [name, collection] of expected) {
      await worker.operate('safePutRecords', name, extra, { waitMs: 0 })
      expected.set(name, stateOf([...collection.records.values(), ...extra], collection))
    }
    return this.#stateFaults('after one more put', expected)
  }

  async #stateFaults(when: string, expected: StoreState): Promise<readonly string[]> {
    const actual = await readState(this.#world.client, this.#site.prefix)
    return differences(actual, expected).map((difference) => `${when}: ${difference}`)
  }
}
