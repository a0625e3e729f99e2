import type { TestProject } from 'vitest/node'
import { type RunningChroma, startChroma } from '../scripts/servers/chroma.mjs'

/**
 * Runs once before the tests that need a server, and tells them through `CHROMA_URL` where it is.
 * A `CHROMA_URL` that is given is used as it is. Read it with `chromaUrl()`.
 */
export default async function startChromaForTests(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  // The second project of a run finds what the first one started.
  if (process.env['CHROMA_URL']) return undefined
  let server: RunningChroma
  try {
    server = await startChroma({ log: console.error })
  } catch (error) {
    await explain(project, error)
    if (process.env['CI']) throw error
    return undefined
  }
  process.env['CHROMA_URL'] = server.url
  return async () => {
    delete process.env['CHROMA_URL']
    await server.stop()
  }
}

async function explain(project: TestProject, error: unknown): Promise<void> {
  const { testFiles } = await project.globTestFiles()
  const line = '!'.repeat(80)
  console.error(
    [
      line,
      `NO CHROMA SERVER: the tests that need one are NOT RUN (${project.name}):`,
      ...testFiles.map((file) => `  ${file}`),
      'because it could not be started:',
      `  ${error instanceof Error ? error.message : String(error)}`,
      'Set CHROMA_URL to use a server of your own.',
      line,
    ].join('\n'),
  )
}
