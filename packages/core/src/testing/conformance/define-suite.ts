import type { TestRunner } from '../test-runner.ts'

/** One law of a contract, as a test. */
export interface Scenario<Subject> {
  /** Group and law, such as `records.replace-whole`. Stable between major versions. */
  readonly key: string
  readonly title: string
  run(subject: Subject): Promise<void>
}

export interface Suite<Subject> {
  readonly title: string
  readonly runner: TestRunner
  readonly scenarios: readonly Scenario<Subject>[]
  /** Keys of scenarios that are known to fail, each with the reason. */
  readonly knownGaps?: Readonly<Record<string, string>> | undefined
  open(): Promise<Subject>
  close(subject: Subject): Promise<void>
}

/**
 * Gives each scenario to the runner, on a subject of its own. Known gaps must fail, so that one
 * that was closed turns the build red until it is taken off the list.
 */
export function defineSuite<Subject>(suite: Suite<Subject>): void {
  const { runner, scenarios, knownGaps = {} } = suite
  const keys = new Set(scenarios.map(({ key }) => key))
  const unknown = Object.keys(knownGaps).filter((key) => !keys.has(key))
  if (unknown.length > 0) {
    throw new TypeError(
      `knownGaps names no scenario of "${suite.title}": ${unknown.join(', ')}. ` +
        `There are: ${[...keys].join(', ')}.`,
    )
  }
  runner.describe(suite.title, () => {
    for (const [group, members] of byGroup(scenarios)) {
      runner.describe(group, () => {
        for (const scenario of members) define(suite, scenario, knownGaps[scenario.key])
      })
    }
  })
}

function define<Subject>(
  { runner, open, close }: Suite<Subject>,
  { key, title, run }: Scenario<Subject>,
  gap: string | undefined,
): void {
  const body = async (): Promise<void> => {
    const subject = await open()
    try {
      await run(subject)
    } catch (error) {
      // The scenario's own failure is the one to read; what closing says after it is secondary.
      await close(subject).catch(() => {})
      throw error
    }
    await close(subject)
  }
  if (gap === undefined) runner.it(`${title} [${key}]`, body)
  else runner.itFails(`${title} [${key}] (known gap: ${gap})`, body)
}

function byGroup<Subject>(
  scenarios: readonly Scenario<Subject>[],
): Map<string, Scenario<Subject>[]> {
  const groups = new Map<string, Scenario<Subject>[]>()
  for (const scenario of scenarios) {
    const group = scenario.key.slice(0, scenario.key.indexOf('.'))
    groups.set(group, [...(groups.get(group) ?? []), scenario])
  }
  return groups
}
