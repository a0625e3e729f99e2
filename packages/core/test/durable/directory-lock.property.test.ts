import { describe, expect, it } from 'vitest'
import { DirectoryLock } from '../../src/durable/directory-lock.ts'
import type { FileSystem } from '../../src/durable/file-system.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedMachine, type SimulatedProcess } from '../../src/testing/simulated-machine.ts'
import { type Actor, Interleaving } from './interleaving.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
const EFFORT = Number(process.env['EFFORT'] ?? 1)

interface Scenario {
  /** Processes on different machines can't look each other up. */
  readonly machineCount: number
  readonly isPunctual: boolean
  /** Puts a defect into what the processes see of the disk. */
  readonly defect?: (disk: FileSystem) => FileSystem
}

interface Contender extends Actor {
  readonly process: SimulatedProcess
  readonly lock: DirectoryLock
  /** Takings left. */
  rounds: number
  running: number
}

/** One run: processes take the lock in turn, some are slow, some are killed. Returns what went wrong. */
async function runSchedule(seed: number, scenario: Scenario): Promise<string | undefined> {
  const random = new SeededRandom(seed)
  const disk = new MemoryFileSystem()
  const interleaving = new Interleaving(random, scenario)
  const machines = Array.from(
    { length: scenario.machineCount },
    (_, at) => new SimulatedMachine(`m${at}`),
  )
  const contenders: Contender[] = []
  const holders = new Set<Contender>()
  let wrong: string | undefined

  const start = (): void => {
    const machine = machines[random.integer(machines.length)] as SimulatedMachine
    const process = machine.start()
    const speeds = scenario.isPunctual ? [1] : [1, 1, 0.3, 0.03]
    const speed = speeds[random.integer(speeds.length)] as number
    const actor = { speed, isDead: false, process, rounds: 3, running: 0 }
    const fileSystem = interleaving.diskOf(actor, disk)
    const lock = new DirectoryLock({
      path: '/lock',
      fileSystem: scenario.defect?.(fileSystem) ?? fileSystem,
      clock: interleaving.clockOf(actor),
      random,
      processes: process,
    })
    const contender: Contender = Object.assign(actor, { lock })
    contenders.push(contender)
    // Two of them in one process, now and then, through the same instance.
    for (let task = random.integer(4) === 0 ? 2 : 1; task > 0; task--) void contend(contender)
  }

  const contend = async (contender: Contender): Promise<void> => {
    contender.running++
    try {
      while (contender.rounds-- > 0) {
        const held = await contender.lock.acquire({ waitMs: Number.POSITIVE_INFINITY })
        if (holders.size > 0) wrong ??= 'two holders'
        holders.add(contender)
        const sleepMs = random.integer(4) === 0 ? 20_000 : 0
        for (let change = random.integer(4); change > 0; change--) {
          await interleaving.turn(contender, { sleepMs })
          await held.assertHeld()
        }
        holders.delete(contender)
        await held.release()
      }
    } catch (error) {
      wrong ??= String(error)
    }
    contender.running--
  }

  const maybeKill = async (): Promise<void> => {
    if (contenders.length > 8 || random.next() > 0.02) return
    const victim = contenders[random.integer(contenders.length)] as Contender
    if (victim.isDead || victim.running === 0) return
    await interleaving.kill(victim)
    holders.delete(victim)
    victim.process.kill()
    victim.running = 0
    start()
  }

  for (let count = 2 + random.integer(3); count > 0; count--) start()
  const isOver = (): boolean =>
    wrong !== undefined || contenders.every(({ running, isDead }) => isDead || running === 0)
  const ended = await interleaving.run(isOver, 20_000, maybeKill)
  if (!ended) wrong ??= 'nobody gets on'
  if (wrong === undefined && (await disk.readDirectory('/lock')).length !== 1)
    wrong = 'not one file'
  return wrong
}

async function firstFailure(scenario: Scenario, runs: number): Promise<string | undefined> {
  for (let run = 0; run < runs; run++) {
    const wrong = await runSchedule(SEED + run, scenario)
    if (wrong !== undefined) return `SEED=${SEED + run}: ${wrong}`
  }
  return undefined
}

const ONE_MACHINE: Scenario = { machineCount: 1, isPunctual: false }

describe('DirectoryLock, in any order of steps', () => {
  it('never has two holders on one machine, however long anybody is suspended', async () => {
    expect(await firstFailure(ONE_MACHINE, 500 * EFFORT)).toBeUndefined()
  }, 600_000)

  it('never has two holders on several machines, while nobody is suspended', async () => {
    const scenario = { machineCount: 3, isPunctual: true }
    expect(await firstFailure(scenario, 100 * EFFORT)).toBeUndefined()
  }, 600_000)

  describe('would show a lock', () => {
    it('whose rename does not compare', async () => {
      const defect = (disk: FileSystem): FileSystem => ({
        ...disk,
        rename: async (from, to) => {
          if (!to.startsWith('/lock/')) return disk.rename(from, to)
          await disk.unlink(from).catch(() => {})
          await (await disk.open(to, 'append')).close()
        },
      })
      // Two holders, or whatever else the seed brings to light first.
      expect(await firstFailure({ ...ONE_MACHINE, defect }, 200)).toBeDefined()
    }, 60_000)

    it('that takes a change under way for an empty directory', async () => {
      const defect = (disk: FileSystem): FileSystem => ({
        ...disk,
        rename: async (from, to) => {
          if (to !== '/lock') return disk.rename(from, to)
          // Puts its file into the directory whatever is there.
          const [name = ''] = await disk.readDirectory(from)
          await disk.makeDirectory(to)
          await disk.rename(`${from}/${name}`, `${to}/${name}`)
          await disk.removeDirectory(from)
        },
      })
      // Two holders, or whatever else the seed brings to light first.
      expect(await firstFailure({ ...ONE_MACHINE, defect }, 200)).toBeDefined()
    }, 60_000)
  })
})
