import type { OperationRecord } from '../../src/journal/journal.ts'
import { storeNameOf } from '../../src/model/display-name.ts'
import { isHoldfastError } from '../../src/model/errors.ts'
import type { Engine } from '../../src/operation/engine.ts'
import { recoverAll } from '../../src/operation/recover.ts'
import { tidyUp } from '../../src/operation/undo-window.ts'
import { FaultPlan, type FaultPlanOptions } from '../../src/testing/fault-plan.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { askFor, labelOf, sameCall, type Told } from './model-calls.ts'
import type { AskedCall, ModelStep } from './model-steps.ts'
import { sameState } from './scenarios.ts'
import { type Call, recordsOf, StoreModel } from './store-model.ts'
import { type Process, restViolations, type StoreKind, World } from './world.ts'

interface Living extends Process {
  readonly plan: FaultPlan
  readonly kill: () => void
}

/** What a healthy store and disk let a caller be told, beside success. */
const REFUSALS: ReadonlySet<string> = new Set([
  'COLLECTION_NOT_FOUND',
  'COLLECTION_EXISTS',
  'COLLECTION_BUSY',
  'IDEMPOTENCY_KEY_REUSED',
  'OPERATION_NOT_FOUND',
  'UNDELETE_UNAVAILABLE',
  'BACKUP_NOT_FOUND',
])

/**
 * Runs steps in a world of its own. Whenever no operation is open, the store must equal the model
 * to which the committed operations were applied, in the order of the journal; and the journal must
 * agree with what every caller was told.
 */
export class ModelRun {
  readonly #world: World
  readonly #model: StoreModel
  readonly #living = new Map<number, Living>()
  /** Every call, by the number that the journal has as its `actor`. */
  readonly #calls: Call[] = []
  /** What was told, and is not compared with the journal yet. */
  readonly #told = new Map<number, Told>()
  readonly #folded = new Set<string>()
  readonly #violations: string[] = []
  /** Operations whose backups were dropped, after their undo windows. */
  readonly #dropped = new Set<string>()

  constructor(kind: StoreKind, seed: number) {
    this.#world = new World(kind, seed)
    this.#model = new StoreModel(kind)
  }

  /** What must not have happened. */
  async run(steps: readonly ModelStep[]): Promise<readonly string[]> {
    await this.#create('docs', ['a', 'b', 'ä'])
    await this.#create('Übersicht 文', ['a', '文'])
    for (const [index, step] of [...steps, { type: 'rest' } as const].entries()) {
      await this.#step(step)
      const where = `step ${index} (${step.type})`
      if (this.#violations.length > 0) return this.#violations.map((what) => `${where}: ${what}`)
    }
    return []
  }

  async #step(step: ModelStep): Promise<void> {
    switch (step.type) {
      case 'call':
        return this.#callAlone(await this.#concrete(step.call), step.call.process, step.fault)
      case 'again': {
        const again = this.#calls.filter((call) => call.key !== undefined && !call.dryRun)
        const call = again.at(-1 - step.latest)
        return call && this.#callAlone(call, step.process)
      }
      case 'at once':
        return this.#callAtOnce(step.calls, step.fault)
      case 'wait':
        return this.#world.clock.advance(step.ms)
      case 'kill':
        this.#living.clear()
        return this.#world.killAll()
      case 'power cut':
        this.#living.clear()
        return this.#world.cutPower(
          typeof step.keep === 'number' ? new SeededRandom(step.keep) : step.keep,
        )
      case 'create':
        await this.#rest()
        return this.#model.has(step.name) ? undefined : this.#create(step.name, ['c'])
      case 'recover':
        return this.#recover(step.fault)
      case 'rest':
        return this.#rest()
    }
  }

  /** One call while nobody else does anything: what it is told is known in advance. */
  async #callAlone(call: Call, slot: number, fault?: FaultPlanOptions): Promise<void> {
    const isSettled = await this.#compareIfSettled()
    const before = await this.#picture()
    const expected = await this.#expected(call)
    const living = fault === undefined ? await this.#get(slot) : await this.#start(slot, fault)
    const told = await this.#tell(living, call)
    if (fault !== undefined) this.#endFault(slot, fault)
    else if (isSettled && !expected.includes(labelOf(told))) {
      this.#violate(`${JSON.stringify(call)} got ${labelOf(told)}, not ${expected.join(' or ')}`)
    } else this.#mustBeHealthy(call, told)
    if (isSettled && call.dryRun && (await this.#picture()) !== before) {
      this.#violate(`a dry run has changed something: ${JSON.stringify(call)}`)
    }
    await this.#compareIfSettled()
  }

  async #callAtOnce(asked: readonly AskedCall[], fault?: FaultPlanOptions): Promise<void> {
    await this.#compareIfSettled()
    const slot = asked[0]?.process ?? 0
    if (fault !== undefined) await this.#start(slot, fault)
    const calls: (readonly [Living, Call])[] = []
    for (const call of asked) {
      calls.push([await this.#get(call.process), await this.#concrete(call)])
    }
    const told = await Promise.all(calls.map(([living, call]) => this.#tell(living, call)))
    if (fault !== undefined) this.#endFault(slot, fault)
    else for (const [index, what] of told.entries()) this.#mustBeHealthy(calls[index]?.[1], what)
    await this.#compareIfSettled()
  }

  async #recover(fault: FaultPlanOptions): Promise<void> {
    const { engine, plan } = await this.#start(0, fault)
    await recoverAll(engine, { waitMs: 0 }).catch((error: unknown) => {
      if (!plan.dead && !isHoldfastError(error)) throw error
    })
    this.#endFault(0, fault)
    await this.#compareIfSettled()
  }

  async #tell(living: Living, call: Call): Promise<Told> {
    const number = this.#calls.push(call) - 1
    const told = await askFor(living.operations, call, String(number), () => living.plan.dead)
    this.#told.set(number, told)
    return told
  }

  /** What a call may be told while nothing is open and nothing fails. */
  async #expected(call: Call): Promise<readonly string[]> {
    const { engine } = await this.#world.start()
    const operations = await engine.journal.list()
    const expected = this.#expectedOnce(call, operations)
    const earlier = operations.find(
      ({ idempotency, state }) => idempotency?.key === call.key && state === 'committed',
    )
    if (call.key === undefined || call.dryRun || earlier === undefined) return expected
    if (sameCall(this.#callOf(earlier), call)) return [`replay of ${earlier.operationId}`]
    // It may be refused for more than one reason.
    return ['IDEMPOTENCY_KEY_REUSED', ...expected.filter((label) => label !== 'done')]
  }

  /** As if it had no key. */
  #expectedOnce(call: Call, operations: readonly OperationRecord[]): readonly string[] {
    const done = this.#model.refusal(call) ?? (call.dryRun ? 'looked' : 'done')
    if (call.verb !== 'undelete') return [done]
    const deleted = operations.find(({ operationId }) => operationId === call.deleted)
    if (deleted === undefined) return ['OPERATION_NOT_FOUND']
    if (deleted.state !== 'committed') return ['UNDELETE_UNAVAILABLE']
    if (this.#world.clock.now() < expiryOf(deleted)) return [done]
    if (this.#dropped.has(deleted.operationId)) return ['UNDELETE_UNAVAILABLE']
    // What has expired stays until somebody tidies up, who may have died half-way.
    return [done, 'UNDELETE_UNAVAILABLE', 'BACKUP_NOT_FOUND']
  }

  #mustBeHealthy(call: Call | undefined, told: Told): void {
    const isFine = told.code === undefined ? told.outcome !== 'nothing' : REFUSALS.has(told.code)
    if (!isFine) this.#violate(`${JSON.stringify(call)} got ${labelOf(told)} in a healthy world`)
  }

  /** Ends what is open, drops what has expired, and looks at everything. */
  async #rest(): Promise<void> {
    const { engine } = await this.#world.start()
    await recoverAll(engine, { waitMs: 0 })
    const now = this.#world.clock.now()
    await tidyUp(engine)
    for (const violation of await restViolations(this.#world)) this.#violate(violation)
    if (!(await this.#compareIfSettled())) return
    const kept: string[] = []
    for (const operation of await engine.journal.list()) {
      if (operation.state === 'committed' && now < expiryOf(operation)) {
        kept.push(...(operation.checkpoint?.parts ?? []).flatMap(({ backupId }) => backupId ?? []))
      } else this.#dropped.add(operation.operationId)
    }
    const found = await backupIds(engine)
    if (found.join() !== kept.sort().join()) {
      this.#violate(`the backups are ${found.join()}, and not those of open undo windows: ${kept}`)
    }
  }

  /** False while something is open. */
  async #compareIfSettled(): Promise<boolean> {
    const { engine } = await this.#world.start()
    if ((await engine.journal.listOpen()).length > 0) return false
    const operations = await engine.journal.list()
    for (const operation of operations) this.#fold(operation)
    for (const [number, told] of this.#told) this.#compareTold(number, told, operations)
    this.#told.clear()
    if (!sameState(this.#world.snapshot(), this.#model.snapshot())) {
      this.#violate(
        `the store has ${JSON.stringify(this.#world.snapshot())}, ` +
          `the model ${JSON.stringify(this.#model.snapshot())}`,
      )
    }
    const keys = operations
      .filter(({ state, idempotency }) => state === 'committed' && idempotency !== undefined)
      .map(({ idempotency }) => idempotency?.key)
    if (new Set(keys).size < keys.length) this.#violate('one key was used for two operations')
    return true
  }

  #fold(operation: OperationRecord): void {
    const { operationId, state } = operation
    if (this.#folded.has(operationId)) return
    this.#folded.add(operationId)
    if (state !== 'committed') return
    const refusal = this.#model.apply(this.#callOf(operation), operationId)
    if (refusal !== undefined)
      this.#violate(`${operation.kind} is committed in spite of ${refusal}`)
  }

  /** The journal must agree with what a caller was told. */
  #compareTold(number: number, told: Told, operations: readonly OperationRecord[]): void {
    const ours = operations.filter(({ actor }) => actor === String(number))
    const state = ours[0]?.state
    const call = this.#calls[number] as Call
    const original = operations.find(({ operationId }) => operationId === told.operationId)
    const isTrue = {
      done: ours[0]?.operationId === told.operationId && state === 'committed',
      replayed:
        ours.length === 0 &&
        original?.state === 'committed' &&
        sameCall(this.#callOf(original), call),
      looked: state === undefined,
      unchanged: state === undefined || state === 'rolled-back',
      'rolled-back': state === undefined || state === 'rolled-back',
      committed: state === 'committed',
      unknown: true,
      nothing: true,
    }[told.outcome]
    if (!isTrue || ours.length > 1) {
      this.#violate(`${JSON.stringify(call)} was told ${labelOf(told)}, the journal has ${state}`)
    }
  }

  #callOf({ actor }: OperationRecord): Call {
    return this.#calls[Number(actor)] as Call
  }

  async #get(slot: number): Promise<Living> {
    return this.#living.get(slot) ?? (await this.#start(slot, {}))
  }

  /** A new process takes the place of the one before. */
  async #start(slot: number, fault: FaultPlanOptions): Promise<Living> {
    this.#living.get(slot)?.kill()
    const plan = new FaultPlan(fault)
    let isKilled = false
    const kill = (): void => {
      isKilled = true
    }
    const living = { ...(await this.#world.startMortal(plan, () => isKilled)), plan, kill }
    this.#living.set(slot, living)
    return living
  }

  /** A process goes on after its fault, unless it can't know any more what it holds. */
  #endFault(slot: number, { at = 0, crashAt = 0, reach }: FaultPlanOptions): void {
    const { plan, kill } = this.#living.get(slot) as Living
    plan.heal()
    const isOver = plan.effects > Math.max(at, crashAt)
    const isStuck = reach === 'part' || plan.trace[at]?.startsWith('journal.release')
    if (!plan.dead && isOver && !isStuck) return
    kill()
    this.#living.delete(slot)
  }

  async #concrete({ wish, key, dryRun, insists }: AskedCall): Promise<Call> {
    const options = { ...(key && { key }), ...(dryRun && { dryRun }) }
    const known = insists ? [] : this.#model.spellings()
    const there = (name: string): string =>
      this.#model.has(name) ? name : (known[name.length % known.length] ?? name)
    if ('from' in wish) return { ...wish, from: there(wish.from), ...options }
    if ('name' in wish) return { ...wish, name: there(wish.name), ...options }
    const { engine } = await this.#world.start()
    const deletes = (await engine.journal.list()).filter(({ kind }) => kind.endsWith(':delete'))
    const deleted = deletes.at(-1 - (wish.latest % (deletes.length + (insists ? 1 : 0) || 1)))
    const [name] = known
    if (deleted === undefined && name !== undefined) {
      return { verb: 'delete', name, keepForMs: 60_000, ...options }
    }
    const isCollection = deleted?.kind.startsWith('collection')
    const as = isCollection && wish.as !== undefined ? { as: wish.as } : {}
    return { verb: 'undelete', deleted: deleted?.operationId ?? 'none', ...as, ...options }
  }

  /** As somebody does outside of Holdfast, while nothing is open. */
  async #create(displayName: string, ids: readonly string[]): Promise<void> {
    const { store } = this.#world
    const name = storeNameOf(displayName, store.traits.names)
    const metadata = name === displayName ? {} : { metadata: { original_name: displayName } }
    await store.createCollection({ name, metric: 'cosine', dimension: 3, ...metadata })
    await store.putRecords({ name }, recordsOf(ids, 9))
    const made = this.#world.snapshot()[name]
    if (made !== undefined) this.#model.create(name, made)
  }

  /** Store, history and backups, to be compared. */
  async #picture(): Promise<string> {
    const { engine } = await this.#world.start()
    const history = await engine.journal.list()
    return JSON.stringify([this.#world.snapshot(), history, await backupIds(engine)])
  }

  #violate(what: string): void {
    this.#violations.push(what)
  }
}

function expiryOf({ endedAt = 0, keepForMs = 0 }: OperationRecord): number {
  return endedAt + keepForMs
}

async function backupIds({ backups }: Engine): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id } of backups.list()) ids.push(id)
  return ids.sort()
}
