import type { Journal } from '../journal/journal.ts'

/** A journal on a storage of its own. */
export interface OpenJournal {
  readonly journal: Journal
  /** Another instance on the same storage, as a second process has it. The scenario disposes it. */
  readonly openAnother: () => Promise<Journal>
  /** Lets `ms` go by: advances the simulated clock that the journals use, or waits. */
  readonly passTime: (ms: number) => Promise<void>
  /** Removes the storage. The journal may have been disposed before. */
  readonly close: () => Promise<void>
}
