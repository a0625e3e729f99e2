import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ChromaClient } from 'chromadb'
import { describe, expect, test } from 'vitest'
import { startChroma } from '../scripts/servers/chroma.mjs'
import { chromaUrl } from './chroma-url.ts'

const MODULE = new URL('../scripts/servers/chroma.mjs', import.meta.url)
const GONE_WITHIN_MS = 5_000

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/v2/heartbeat`)).ok
  } catch {
    return false
  }
}

/** Polls, because a process is gone some time after it was told to go. */
async function isGone(url: string): Promise<boolean> {
  const gaveUp = performance.now() + GONE_WITHIN_MS
  while (performance.now() < gaveUp) {
    if (!(await answers(url))) return true
    await sleep(50)
  }
  return false
}

describe.skipIf(chromaUrl() === undefined)('the Chroma server of the tests', () => {
  test('answers where CHROMA_URL says', async () => {
    expect(await answers(chromaUrl() ?? '')).toBe(true)
  })

  test('removes its temporary directory and is gone when it is stopped', async () => {
    const server = await startChroma()
    expect(existsSync(join(server.dataDirectory, 'chroma.sqlite3'))).toBe(true)
    await server.stop()
    expect(existsSync(server.dataDirectory)).toBe(false)
    expect(await answers(server.url)).toBe(false)
    await server.stop()
  })

  test('keeps what was written when it is killed and started again on the same data', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'holdfast test '))
    try {
      const first = await startChroma({ dataDirectory })
      const collection = await new ChromaClient({
        host: first.host,
        port: first.port,
      }).createCollection({ name: 'kept', embeddingFunction: null })
      await collection.add({ ids: ['a'], embeddings: [[1, 2]] })
      await first.kill()
      const second = await startChroma({ dataDirectory, port: first.port })
      const client = new ChromaClient({ host: second.host, port: second.port })
      const found = await client.getCollection({ name: 'kept' })
      expect(await found.count()).toBe(1)
      await second.stop()
      expect(existsSync(dataDirectory)).toBe(true)
    } finally {
      await rm(dataDirectory, { recursive: true, force: true })
    }
  })

  test('is found ready although clients that wait for it fill its log at once', async () => {
    const first = await startChroma()
    const { port, url } = first
    await first.stop()
    let isOver = false
    const collections = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`
    const besieging = Array.from({ length: 20 }, async () => {
      while (!isOver) {
        const answer = await fetch(collections).catch(() => undefined)
        if (answer === undefined) await sleep(1)
        else await answer.text()
      }
    })
    try {
      const second = await startChroma({ port })
      await second.stop()
    } finally {
      isOver = true
      await Promise.all(besieging)
    }
  })

  test('refuses a port that is taken, and leaves its owner alone', async () => {
    const owner = await startChroma()
    await expect(startChroma({ port: owner.port })).rejects.toThrow('not available')
    expect(await answers(owner.url)).toBe(true)
    await owner.stop()
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('ends when its starter gets %s', async (signal) => {
    const program = `import { startChroma } from '${MODULE.href}'
      const { url, dataDirectory } = await startChroma()
      console.log(JSON.stringify({ url, dataDirectory }))
      setInterval(() => {}, 1000)`
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(starter.stdout), 'line')) as [string]
    const { url, dataDirectory } = JSON.parse(line)
    expect(await answers(url)).toBe(true)
    expect(existsSync(dataDirectory)).toBe(true)
    starter.kill(signal)
    await once(starter, 'exit')
    expect(await isGone(url)).toBe(true)
    expect(existsSync(dataDirectory)).toBe(false)
  })

  test('runs for people from the command line until it is interrupted', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
    const args = [fileURLToPath(MODULE), '--path', dataDirectory]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const url = /http:\S+\d/.exec(line)?.[0] ?? ''
    expect(await answers(url)).toBe(true)
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await answers(url)).toBe(false)
    await rm(dataDirectory, { recursive: true, force: true })
  })
})
