import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isBuilt } from '../scripts/is-built.mjs'

let root: string

/** In seconds, as `utimes` takes them. */
const CHANGED_AT = 1_000
const BUILT_AT = 2_000
const OUTPUTS = ['packages/one/dist/index.js', 'packages/one/dist/types/index.d.ts']
const SHARED = ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'tsup.shared.ts']
const OWN = ['tsconfig.json', 'tsup.config.ts', 'src/index.ts', 'src/part/deep.ts']
const MANIFEST = {
  exports: { '.': { types: './dist/types/index.d.ts', default: './dist/index.js' } },
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-built-'))
  for (const file of [...SHARED, ...OWN.map((own) => `packages/one/${own}`)]) await write(file)
  await write('packages/one/package.json', JSON.stringify(MANIFEST))
  for (const file of OUTPUTS) await write(file, '', BUILT_AT)
  for (const directory of ['src', 'src/part']) await touch(`packages/one/${directory}`, CHANGED_AT)
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function write(file: string, content = '', at = CHANGED_AT): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true })
  await writeFile(join(root, file), content)
  await touch(file, at)
}

function touch(file: string, at: number): Promise<void> {
  return utimes(join(root, file), at, at)
}

test('is built when all outputs are newer than all that they are made of', () => {
  expect(isBuilt(root)).toBe(true)
})

test.each([...SHARED, 'packages/one/package.json', ...OWN.map((own) => `packages/one/${own}`)])(
  'is not built after a change of %s',
  async (file) => {
    await touch(file, BUILT_AT)
    expect(isBuilt(root)).toBe(false)
  },
)

test('is not built after a source was removed', async () => {
  await rm(join(root, 'packages/one/src/part/deep.ts'))
  expect(isBuilt(root)).toBe(false)
})

test.each(OUTPUTS)('is not built without %s', async (file) => {
  await rm(join(root, file))
  expect(isBuilt(root)).toBe(false)
})

test('is not built when one output is older than a source', async () => {
  await touch('packages/one/dist/index.js', CHANGED_AT - 1)
  expect(isBuilt(root)).toBe(false)
})

test('is not built when one of two packages is not', async () => {
  await write('packages/two/package.json', JSON.stringify(MANIFEST))
  expect(isBuilt(root)).toBe(false)
})
