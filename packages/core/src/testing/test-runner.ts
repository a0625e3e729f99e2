/** The three functions that every test runner has. Injected, so that core needs none of them. */
export interface TestRunner {
  describe(title: string, body: () => void): void
  it(title: string, body: () => Promise<void>): void
  /** A test that must fail; when it passes the runner reports it. Vitest: `it.fails`. */
  itFails(title: string, body: () => Promise<void>): void
}
