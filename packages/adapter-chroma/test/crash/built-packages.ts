import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const BUILT = ['../../../core/dist/index.js', '../../dist/index.js']

/** Workers import the packages as they are published. @throws when they were not built */
export function assertBuilt(): void {
  const missing = BUILT.map((path) => fileURLToPath(new URL(path, import.meta.url))).filter(
    (path) => !existsSync(path),
  )
  if (missing.length === 0) return
  throw new Error(
    `The crash tests run the packages as built, and ${missing.join(', ')} is missing. ` +
      'Run `pnpm run build` first; `npm test` does it by itself.',
  )
}
