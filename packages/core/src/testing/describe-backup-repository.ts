import { backupDamageScenarios } from './conformance/backup-damage.ts'
import { backupReplaceScenarios } from './conformance/backup-replace.ts'
import { backupScenarios } from './conformance/backups.ts'
import { defineSuite } from './conformance/define-suite.ts'
import type { OpenBackupRepository } from './open-backup-repository.ts'
import type { TestRunner } from './test-runner.ts'

export interface BackupRepositoryUnderTest {
  readonly name: string
  readonly runner: TestRunner
  readonly open: () => Promise<OpenBackupRepository>
  /** Keys of scenarios this repository is known to fail, each with the reason. */
  readonly knownGaps?: Readonly<Record<string, string>>
}

/**
 * Holds a backup repository to its contract: what is read is what was written, to the bit, or an
 * error; what is listed is complete; what fails leaves nothing.
 * @throws TypeError when `knownGaps` has a key that no scenario has
 */
export function describeBackupRepository(subject: BackupRepositoryUnderTest): void {
  const { name, runner, open, knownGaps } = subject
  defineSuite<OpenBackupRepository>({
    title: `backup repository ${name}`,
    runner,
    knownGaps,
    open,
    async close({ repository, close }) {
      await repository[Symbol.asyncDispose]()
      await close()
    },
    scenarios: [...backupScenarios, ...backupReplaceScenarios, ...backupDamageScenarios],
  })
}
