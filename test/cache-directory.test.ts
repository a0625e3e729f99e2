import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeComplete } from '../scripts/servers/cache-directory.mjs'

let parent: string
let directory: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'holdfast-cache-'))
  directory = join(parent, 'tools', 'server')
})
afterEach(() => rm(parent, { recursive: true, force: true }))

const read = (): Promise<string> => readFile(join(directory, 'file'), 'utf8')
const write =
  (content: string) =>
  (partial: string): Promise<void> =>
    writeFile(join(partial, 'file'), content)

test('fills a directory once', async () => {
  await makeComplete(directory, write('first'))
  await makeComplete(directory, write('second'))
  expect(await read()).toBe('first')
  expect(await readdir(join(parent, 'tools'))).toEqual(['server'])
})

test('shows nothing of a directory that could not be filled', async () => {
  const failing = makeComplete(directory, async (partial) => {
    await write('half')(partial)
    throw new Error('no network')
  })
  await expect(failing).rejects.toThrow('no network')
  expect(await readdir(join(parent, 'tools'))).toEqual([])
  await makeComplete(directory, write('whole'))
  expect(await read()).toBe('whole')
})

test('shows nothing before it is complete', async () => {
  await makeComplete(directory, async (partial) => {
    await write('whole')(partial)
    expect(await readdir(join(parent, 'tools'))).not.toContain('server')
  })
  expect(await read()).toBe('whole')
})

test('lets the first of two win, and the second use what the first made', async () => {
  let firstIsIn = (): void => {}
  const first = new Promise<void>((resolve) => {
    firstIsIn = resolve
  })
  const second = makeComplete(directory, async (partial) => {
    await write('second')(partial)
    await first
  })
  await makeComplete(directory, write('first'))
  firstIsIn()
  await second
  expect(await read()).toBe('first')
  expect(await readdir(join(parent, 'tools'))).toEqual(['server'])
})

test('removes what a killed install left hours ago, and leaves alone what is being filled', async () => {
  const abandoned = `${directory}.partial-old`
  const busy = `${directory}.partial-new`
  await mkdir(abandoned, { recursive: true })
  await mkdir(busy)
  const hoursAgo = new Date(Date.now() - 7_200_000)
  await utimes(abandoned, hoursAgo, hoursAgo)
  await makeComplete(directory, write('whole'))
  expect((await readdir(join(parent, 'tools'))).sort()).toEqual(['server', 'server.partial-new'])
})
