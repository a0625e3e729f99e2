import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepTemporaries } from '../../src/durable/atomic-write.ts'
import { nodeFileSystem } from '../../src/durable/node-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { openLog, readAll } from './log-helpers.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
const EFFORT = Number(process.env['EFFORT'] ?? 1)
const KILLS = 30 * EFFORT
const WORKERS = 4

let root: string
let worker: string
const running = new Set<ChildProcess>()

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-processes-'))
  const ssr = fileURLToPath(new URL('./lock-worker.ts', import.meta.url))
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr,
      outDir: join(root, 'worker'),
      rollupOptions: { output: { entryFileNames: 'worker.mjs' } },
    },
  })
  worker = join(root, 'worker', 'worker.mjs')
}, 60_000)

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await rm(root, { recursive: true, force: true })
})

describe('processes that share a directory and are killed', () => {
  it('are never in it together, and lose nothing that was acknowledged', async () => {
    const random = new SeededRandom(SEED)
    const directory = join(root, 'shared')
    await nodeFileSystem.makeDirectory(directory)
    const acknowledged: string[] = []
    const exits: Promise<unknown>[] = []
    let started = 0
    let killed = 0
    let turnsAfter = 0
    let onQuiet: () => void
    const quiet = new Promise<void>((resolve) => {
      onQuiet = resolve
    })

    const start = (): void => {
      const child = fork(worker, [directory, `w${started++}`])
      running.add(child)
      exits.push(once(child, 'exit'))
      child.on('message', (message: { cameIn?: string; acknowledged?: string }) => {
        if (message.acknowledged !== undefined) acknowledged.push(message.acknowledged)
        else if (killed === KILLS && ++turnsAfter === 2 * WORKERS) onQuiet()
        // Most are killed while they hold the lock, at some point of their turn.
        else if (random.next() < 0.3) setTimeout(() => kill(child), random.next() * 8)
        else if (random.next() < 0.1) kill([...running][random.integer(running.size)])
      })
    }
    const kill = (child: ChildProcess | undefined): void => {
      if (child === undefined || killed === KILLS || !running.delete(child)) return
      killed++
      child.kill('SIGKILL')
      start()
    }

    for (let count = 0; count < WORKERS; count++) start()
    await quiet
    for (const child of running) child.send('stop')
    await Promise.all(exits)

    expect(killed).toBe(KILLS)
    const diary = (await readFile(join(directory, 'diary'), 'utf8')).trimEnd().split('\n')
    expect(overlaps(diary)).toEqual([])
    const log = await openLog(nodeFileSystem, join(directory, 'log'))
    const entries = await readAll(log)
    await log.close()
    expect(new Set(entries).size).toBe(entries.length)
    expect(acknowledged.filter((entry) => !entries.includes(entry))).toEqual([])
    // Those of one turn may be durable although the killed process could not tell any more.
    expect(entries.length - acknowledged.length).toBeLessThanOrEqual(3 * KILLS)
    expect(await readdir(join(directory, 'lock'))).toHaveLength(1)
    await sweepTemporaries(nodeFileSystem, directory)
    expect((await readdir(directory)).sort()).toEqual(['diary', 'lock', 'log'])
  }, 120_000)
})

/** Where somebody writes who is not the last one that came in. */
function overlaps(diary: readonly string[]): readonly string[] {
  let inside = ''
  const wrong: string[] = []
  for (const [index, line] of diary.entries()) {
    const name = line.slice(1)
    // Whoever died inside is followed by the next one. Whoever left is not there any more.
    if (line.startsWith('+')) inside = name
    else if (name === inside) inside = ''
    else wrong.push(`line ${index}: ${line}`)
  }
  return wrong
}
