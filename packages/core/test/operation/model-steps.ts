import * as fc from 'fast-check'
import { storeNameOf } from '../../src/model/display-name.ts'
import type { FaultPlanOptions } from '../../src/testing/fault-plan.ts'
import { MemoryStore } from '../../src/testing/memory-store.ts'
import type { Change } from './store-model.ts'

/** Up to this many processes share the directory. */
const PROCESSES_MAX = 3

/** An undelete names the delete by its place in the history, counted from the latest. */
type Wish =
  | Exclude<Change, { readonly verb: 'undelete' }>
  | { readonly verb: 'undelete'; readonly latest: number; readonly as?: string }

export interface AskedCall {
  readonly process: number
  readonly wish: Wish
  readonly key?: string | undefined
  readonly dryRun?: boolean
  /** On what is not there. Else another thing is taken that is. */
  readonly insists?: boolean
}

/** One thing that happens to a store, its directory and the processes that use them. */
export type ModelStep =
  | { readonly type: 'call'; readonly call: AskedCall; readonly fault?: FaultPlanOptions }
  | {
      readonly type: 'at once'
      readonly calls: readonly AskedCall[]
      readonly fault?: FaultPlanOptions
    }
  /** The same call with the same key again. */
  | { readonly type: 'again'; readonly process: number; readonly latest: number }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'kill' }
  | { readonly type: 'power cut'; readonly keep: 'all' | 'none' | number }
  | { readonly type: 'create'; readonly name: string }
  | { readonly type: 'recover'; readonly fault: FaultPlanOptions }
  | { readonly type: 'rest' }

/** Two names that the store takes, and two that it doesn't, one of them in two forms. */
const NEW_NAMES = ['docs', 'papers', 'Übersicht 文', 'cafe\u0301', 'caf\u00e9'] as const
const RULES = new MemoryStore().traits.names
/** Whatever a collection may be called when it is there. */
const KNOWN_NAMES = [
  ...new Set([...NEW_NAMES, ...NEW_NAMES.map((name) => storeNameOf(name, RULES))]),
]
const IDS = ['a', 'b', 'c', 'ä', 'e\u0301', '文'] as const
const KEEP_FOR_MS = [0, 10_000, 60_000, 1_000_000] as const

export function modelSteps(): fc.Arbitrary<ModelStep[]> {
  return fc.array(modelStep(), { minLength: 1, maxLength: 20, size: 'max' })
}

function modelStep(): fc.Arbitrary<ModelStep> {
  const process = fc.nat(PROCESSES_MAX - 1)
  const type = <Type extends ModelStep['type']>(name: Type): fc.Arbitrary<Type> => fc.constant(name)
  const latest = fc.nat(2)
  return fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: type('call'), call: call() }) },
    { weight: 6, arbitrary: fc.record({ type: type('call'), call: call(), fault: fault() }) },
    {
      weight: 3,
      arbitrary: fc.record(
        {
          type: type('at once'),
          calls: fc.array(call(), { minLength: 2, maxLength: 3 }),
          fault: fault(),
        },
        { requiredKeys: ['type', 'calls'] },
      ),
    },
    { weight: 2, arbitrary: fc.record({ type: type('again'), process, latest }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: type('wait'),
        ms: fc.constantFrom(9_999, 30_000, 60_000, 1_000_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: type('kill') }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: type('power cut'),
        keep: fc.oneof(fc.constantFrom('all' as const, 'none' as const), fc.nat(1000)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: type('create'), name: fc.constantFrom(...NEW_NAMES) }),
    },
    { weight: 1, arbitrary: fc.record({ type: type('recover'), fault: fault() }) },
    { weight: 1, arbitrary: fc.record({ type: type('rest') }) },
  )
}

function call(): fc.Arbitrary<AskedCall> {
  return fc.record(
    {
      process: fc.nat(PROCESSES_MAX - 1),
      wish: wish(),
      key: fc.constantFrom(undefined, undefined, undefined, 'k1', 'k2'),
      dryRun: fc.constantFrom(false, false, false, false, true),
      insists: fc.constantFrom(false, false, false, true),
    },
    { requiredKeys: ['process', 'wish', 'key', 'dryRun', 'insists'] },
  )
}

function wish(): fc.Arbitrary<Wish> {
  const verb = <Verb extends Wish['verb']>(...names: Verb[]): fc.Arbitrary<Verb> =>
    fc.constantFrom(...names)
  const name = fc.constantFrom(...KNOWN_NAMES)
  const to = fc.constantFrom(...NEW_NAMES)
  const ids = fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1 })
  const keepForMs = fc.constantFrom(...KEEP_FOR_MS)
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ verb: verb('rename', 'clone'), from: name, to }) },
    { weight: 2, arbitrary: fc.record({ verb: verb('delete'), name, keepForMs }) },
    { weight: 2, arbitrary: fc.record({ verb: verb('put'), name, ids, label: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ verb: verb('delete records'), name, ids, keepForMs }) },
    {
      weight: 3,
      arbitrary: fc.record(
        { verb: verb('undelete'), latest: fc.nat(2), as: to },
        { requiredKeys: ['verb', 'latest'] },
      ),
    },
  )
}

/** No `late`: what a request does that outlives its time-out is in a table of its own. */
function fault(): fc.Arbitrary<FaultPlanOptions> {
  return fc.record(
    {
      at: fc.nat(14),
      fault: fc.constantFrom('before', 'after', 'partial'),
      crash: fc.boolean(),
      crashAt: fc.nat(16),
      times: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
      reach: fc.constantFrom('method', 'part'),
      retryable: fc.boolean(),
    },
    { requiredKeys: ['at', 'fault'] },
  )
}
