import type { TestRunner } from '../../src/testing/test-runner.ts'

/** A runner that runs what it was given when told to, so that a suite can be tested by a suite. */
export class CollectingRunner implements TestRunner {
  readonly #tests: { readonly key: string; readonly body: () => Promise<void> }[] = []
  /** Keys of scenarios that were given as such that must fail. */
  readonly mustFail: string[] = []

  describe(_title: string, body: () => void): void {
    body()
  }

  it(title: string, body: () => Promise<void>): void {
    this.#tests.push({ key: keyIn(title), body })
  }

  itFails(title: string, body: () => Promise<void>): void {
    this.mustFail.push(keyIn(title))
    this.#tests.push({ key: keyIn(title), body })
  }

  get keys(): readonly string[] {
    return this.#tests.map(({ key }) => key)
  }

  /** Runs all tests, one after the other, and tells which failed, and with what. */
  async failures(): Promise<ReadonlyMap<string, unknown>> {
    const failures = new Map<string, unknown>()
    for (const { key, body } of this.#tests) {
      await body().catch((error: unknown) => failures.set(key, error))
    }
    return failures
  }
}

function keyIn(title: string): string {
  return /\[([^\]]+)\]/u.exec(title)?.[1] ?? title
}
