import { describe, it } from 'vitest'
import type { ProcessTable } from '../../src/durable/process-table.ts'
import { FileJournal } from '../../src/journal/file-journal.ts'
import { describeJournal } from '../../src/testing/describe-journal.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedClock } from '../../src/testing/simulated-clock.ts'

const processes: ProcessTable = {
  self: async () => ({ pid: 1, startedAt: '1', place: '0123456789abcdef', host: 'test' }),
  lookUp: async () => 'alive',
}

describeJournal({
  name: 'FileJournal',
  runner: { describe, it, itFails: it.fails },
  async open() {
    const clock = new SimulatedClock()
    const parts = {
      fileSystem: new MemoryFileSystem({ clock }),
      clock,
      random: new SeededRandom(1),
      processes,
      directory: '/journal',
    }
    return {
      journal: await FileJournal.open(parts),
      openAnother: () => FileJournal.open(parts),
      passTime: (ms) => clock.advance(ms),
      close: async () => {},
    }
  },
})
