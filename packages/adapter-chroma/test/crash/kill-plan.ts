import { SeededRandom } from '@holdfast/core/testing'
import type { EffectKind, Stop } from './protocol.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

/** How a process dies, as its seed decides it. Shares are of what was measured without a kill. */
export interface KillPlan {
  readonly seed: number
  readonly scenario: Scenario
  readonly recordCount: number
  readonly kill: Kill
  /** When the process that recovers dies, if it does. */
  readonly recovery: EffectKill | undefined
}

type Kill =
  | EffectKill
  /** Right when it has told that. */
  | { readonly at: 'event'; readonly event: string }
  /** When that share of its duration has passed. */
  | { readonly at: 'time'; readonly share: number }

export interface EffectKill {
  readonly at: 'effect'
  /** While the manager is opened, or while the operation runs. */
  readonly during: 'opening' | 'operation'
  readonly kind: EffectKind
  readonly share: number
  readonly moment: 'before' | 'during' | 'after'
  readonly delayMs: number
}

const EVENTS = ['planned', 'checkpointed', 'executed', 'verified', 'committed']
/** Most are small, so that there can be many. */
const RECORDS = 200
const RECORDS_MANY = 1_200
const MANY_SHARE = 0.1
const RECOVERY_SHARE = 0.4
const REQUEST_MS_MAX = 20
/** Some come after the end: what is over must stay as it is, too. */
const TIME_SHARE_MAX = 1.15

type MakeKill = (random: SeededRandom) => Kill

const KILLS: readonly MakeKill[] = [
  ...EVENTS.map(
    (name): MakeKill =>
      () => ({ at: 'event', event: `operation:${name}` }),
  ),
  (random) => effectKill(random, 'disk', 'before'),
  (random) => effectKill(random, 'disk', 'during'),
  (random) => effectKill(random, 'disk', 'after'),
  (random) => effectKill(random, 'store', 'before'),
  (random) => effectKill(random, 'store', 'after'),
  (random) => effectKill(random, 'request', 'during'),
  (random) => effectKill(random, 'request', 'during'),
  (random) => effectKill(random, 'request', 'after'),
  (random) => ({ at: 'time', share: random.next() * TIME_SHARE_MAX }),
  (random) => ({ at: 'time', share: random.next() * TIME_SHARE_MAX }),
  (random) => ({ ...effectKill(random, 'disk', someMoment(random)), during: 'opening' }),
]

/** That many seeds in a row are every kind of kill in every kind of operation. */
export const SEEDS_PER_ROUND = SCENARIOS.length * KILLS.length

export function planOf(seed: number): KillPlan {
  const random = new SeededRandom(seed)
  const scenario = SCENARIOS[seed % SCENARIOS.length] as Scenario
  const makeKill = KILLS[Math.floor(seed / SCENARIOS.length) % KILLS.length] as MakeKill
  const kill = makeKill(random)
  const recordCount = random.next() < MANY_SHARE ? RECORDS_MANY : RECORDS
  const dies = random.next() < RECOVERY_SHARE
  const recovery = effectKill(random, random.next() < 0.5 ? 'disk' : 'request', someMoment(random))
  return { seed, scenario, recordCount, kill, recovery: dies ? recovery : undefined }
}

/** @param count of the effects of that kind when nothing was killed */
export function stopOf({ kind, share, moment, delayMs }: EffectKill, count: number): Stop {
  return { effect: Math.floor(share * count), kind, moment, delayMs }
}

function effectKill(
  random: SeededRandom,
  kind: EffectKind,
  moment: EffectKill['moment'],
): EffectKill {
  const [share, delayMs] = [random.next(), Math.floor(random.next() * REQUEST_MS_MAX)]
  return { at: 'effect', during: 'operation', kind, share, moment, delayMs }
}

function someMoment(random: SeededRandom): EffectKill['moment'] {
  return (['before', 'during', 'after'] as const)[random.integer(3)] ?? 'before'
}
