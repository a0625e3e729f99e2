import type { BackupRepository } from '../../src/backup/backup-repository.ts'
import type { Clock } from '../../src/durable/clock.ts'
import type { Random } from '../../src/durable/random.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { MemoryBackupRepository, type MemoryBackups } from '../testing/memory-backup-repository.ts'
import { MemoryJournal, MemoryJournalData } from '../testing/memory-journal.ts'

export class Storage {
  readonly #clock: Clock
  readonly #journal: MemoryJournalData
  readonly #backups: MemoryBackups = new Map()
  constructor(clock: Clock, _random: Random, from?: Storage) {
    this.#clock = clock
    this.#journal = new MemoryJournalData(clock)
    if (from) {
      this.#journal.entries.push(...from.#journal.entries)
      for (const [key, value] of from.#backups) this.#backups.set(key, value)
    }
  }
  async open(): Promise<{ journal: Journal; backups: BackupRepository }> {
    return {
      journal: new MemoryJournal(this.#journal),
      backups: new MemoryBackupRepository(this.#backups),
    }
  }
  afterProcessDeath(): Storage {
    return new Storage(this.#clock, undefined as never, this)
  }
}
