import { defineSuite } from './conformance/define-suite.ts'
import { journalEntryScenarios } from './conformance/journal-entries.ts'
import { journalLeaseScenarios } from './conformance/journal-leases.ts'
import { journalSharingScenarios } from './conformance/journal-sharing.ts'
import type { OpenJournal } from './open-journal.ts'
import type { TestRunner } from './test-runner.ts'

export interface JournalUnderTest {
  readonly name: string
  readonly runner: TestRunner
  readonly open: () => Promise<OpenJournal>
  /** Keys of scenarios this journal is known to fail, each with the reason. */
  readonly knownGaps?: Readonly<Record<string, string>>
}

/**
 * Holds a journal to its contract: what its entries add up to, what several processes see of each
 * other, and who holds what.
 * @throws TypeError when `knownGaps` has a key that no scenario has
 */
export function describeJournal({ name, runner, open, knownGaps }: JournalUnderTest): void {
  defineSuite<OpenJournal>({
    title: `journal ${name}`,
    runner,
    knownGaps,
    open,
    async close({ journal, close }) {
      await journal[Symbol.asyncDispose]()
      await close()
    },
    scenarios: [...journalEntryScenarios, ...journalSharingScenarios, ...journalLeaseScenarios],
  })
}
