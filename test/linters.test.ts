import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'holdfast-lint-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

for (const file of ['biome.json', '.oxlintrc.json', 'tsconfig.base.json']) {
  copyFileSync(join(root, file), join(directory, file))
}
symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction')
writeFileSync(
  join(directory, 'tsconfig.json'),
  '{ "extends": "./tsconfig.base.json", "include": ["src"] }',
)
mkdirSync(join(directory, 'src'))
writeFileSync(
  join(directory, 'src', 'wrong.ts'),
  `import type { Other } from './other.ts'

export interface Wrong {
  readonly other?: Other
}

declare function drop(): Promise<boolean>

export async function wrong(): Promise<boolean> {
  drop()
  if (drop()) return true
  try {
    return drop()
  } catch {
    return false
  }
}
`,
)
writeFileSync(
  join(directory, 'src', 'other.ts'),
  `import type { Wrong } from './wrong.ts'

export interface Other {
  readonly wrong?: Wrong
}
`,
)

/** What a linter says about the two files; it must have failed. */
function complaintsOf(tool: string, args: readonly string[]): string {
  const bin = join(root, 'node_modules', '.bin')
  const path = `${bin}${process.platform === 'win32' ? ';' : ':'}${process.env['PATH']}`
  const { status, stdout, stderr } = spawnSync(join(bin, tool), args, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
    shell: process.platform === 'win32',
  })
  expect(status).toBe(1)
  return stdout + stderr
}

// A linter whose configuration it does not understand says nothing, and says it in green.
test('Biome reports promises that nobody waits for', () => {
  const complaints = complaintsOf('biome', ['lint', 'src'])
  expect(complaints).toContain('noFloatingPromises')
})

test('oxlint reports promises that nobody waits for, and cycles of types', () => {
  const complaints = complaintsOf('oxlint', ['--type-aware', 'src'])
  expect(complaints).toContain('no-floating-promises')
  expect(complaints).toContain('no-misused-promises')
  expect(complaints).toContain('return-await')
  expect(complaints).toContain('no-cycle')
})
