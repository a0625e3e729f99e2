import type { BackupRepository } from '../../src/backup/backup-repository.ts'
import { FileBackupRepository } from '../../src/backup/file-backup-repository.ts'
import type { Clock } from '../../src/durable/clock.ts'
import type { ProcessIdentity, ProcessTable } from '../../src/durable/process-table.ts'
import type { Random } from '../../src/durable/random.ts'
import { FileJournal } from '../../src/journal/file-journal.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { CrashError } from '../../src/testing/fault-plan.ts'
import { MemoryFileHandle } from '../../src/testing/memory-file-handle.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import type { Survival } from '../../src/testing/memory-node.ts'

export interface StorageParts {
  readonly journal: Journal
  readonly backups: BackupRepository
}

/** The disk of one machine, with the processes that use it. */
export class Storage {
  readonly disk: MemoryFileSystem
  readonly #clock: Clock
  readonly #random: Random
  readonly #generation: number
  readonly #mortals = new Map<number, () => boolean>()
  #started = 0

  constructor(clock: Clock, random: Random, disk?: MemoryFileSystem, generation = 0) {
    this.#clock = clock
    this.#random = random
    this.disk = disk ?? new MemoryFileSystem({ clock })
    this.#generation = generation
  }

  /**
   * The parts of one more process.
   * @param isDead for one that dies while others live: then it can't touch the disk any more, and
   * the others see that it is gone
   */
  async open(isDead?: () => boolean): Promise<StorageParts> {
    const fileSystem = isDead === undefined ? this.disk : mortal(this.disk, isDead)
    const parts = { fileSystem, clock: this.#clock, random: this.#random }
    const pid = ++this.#started
    if (isDead !== undefined) this.#mortals.set(pid, isDead)
    const processes = this.#processes(pid)
    return {
      journal: await FileJournal.open({ ...parts, processes, directory: '/holdfast/journal' }),
      backups: await FileBackupRepository.open({ ...parts, directory: '/holdfast/backups' }),
    }
  }

  /** All processes are dead; what they have written is there. */
  afterProcessDeath(): Storage {
    return this.#next(this.disk.processCrash())
  }

  /** The power was cut; what was not synced may be gone. */
  afterPowerCut(keep: Survival): Storage {
    return this.#next(this.disk.crash({ keep }))
  }

  #next(disk: MemoryFileSystem): Storage {
    return new Storage(this.#clock, this.#random, disk, this.#generation + 1)
  }

  /** Those of an earlier generation are dead, and those that have died alone. */
  #processes(pid: number): ProcessTable {
    const startedAt = String(this.#generation)
    const self: ProcessIdentity = { pid, startedAt, place: '0123456789abcdef', host: 'test' }
    return {
      self: async () => self,
      lookUp: async (other) => {
        const isGone = this.#mortals.get(other.pid)?.() ?? false
        return other.startedAt === startedAt && !isGone ? 'alive' : 'dead'
      },
    }
  }
}

/** A disk, or a handle of it, as one process has it: no call of the dead gets through. */
function mortal<Part extends object>(part: Part, isDead: () => boolean): Part {
  return new Proxy(part, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      return async (...parameters: unknown[]) => {
        if (isDead()) throw new CrashError('dead')
        const result: unknown = await member.apply(target, parameters)
        if (isDead()) throw new CrashError('dead')
        return result instanceof MemoryFileHandle ? mortal(result, isDead) : result
      }
    },
  })
}
