import type { VectorStoreAdapter } from '../store/adapter.ts'
import { abortScenarios } from './conformance/abort.ts'
import { collectionScenarios } from './conformance/collections.ts'
import { defineSuite } from './conformance/define-suite.ts'
import { errorScenarios } from './conformance/errors.ts'
import { fidelityScenarios } from './conformance/fidelity.ts'
import { lifecycleScenarios } from './conformance/lifecycle.ts'
import { limitScenarios } from './conformance/limits.ts'
import { nameScenarios } from './conformance/names.ts'
import { recordProblemScenarios } from './conformance/record-problem.ts'
import { recordScenarios } from './conformance/records.ts'
import { renameScenarios } from './conformance/rename.ts'
import { searchScenarios } from './conformance/search.ts'
import { streamScenarios } from './conformance/streams.ts'
import type { TestRunner } from './test-runner.ts'

export interface AdapterUnderTest {
  readonly name: string
  readonly runner: TestRunner
  /** A fresh adapter on an empty store. Disposing it must also remove its data. */
  readonly open: () => Promise<VectorStoreAdapter>
  /** Keys of scenarios this adapter is known to fail, each with the reason. */
  readonly knownGaps?: Readonly<Record<string, string>>
}

/**
 * Holds an adapter, or anything that wraps one, to the contract. There are no switches: what an
 * adapter can do is read from its methods, how it behaves from its traits. Titles end in the key of
 * their scenario, which is what `knownGaps` takes.
 *
 * A store with a visibility lag is given in a wrapper that waits it out after each write.
 *
 * @throws TypeError when `knownGaps` has a key that no scenario has
 */
export function describeAdapter({ name, runner, open, knownGaps }: AdapterUnderTest): void {
  defineSuite<VectorStoreAdapter>({
    title: `adapter ${name}`,
    runner,
    knownGaps,
    open,
    close: (store) => Promise.resolve(store[Symbol.asyncDispose]()),
    scenarios: [
      ...lifecycleScenarios,
      ...collectionScenarios,
      ...recordScenarios,
      ...streamScenarios,
      ...renameScenarios,
      ...searchScenarios,
      ...limitScenarios,
      ...abortScenarios,
      ...fidelityScenarios,
      ...nameScenarios,
      ...errorScenarios,
      ...recordProblemScenarios,
    ],
  })
}
