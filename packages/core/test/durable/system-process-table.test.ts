import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { ProcessIdentity } from '../../src/durable/process-table.ts'
import { systemProcessTable } from '../../src/durable/system-process-table.ts'

/** Field 22 of proc_pid_stat(5). */
async function startedAt(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] as string
}

async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { ...(await systemProcessTable.self()), pid, startedAt: await startedAt(pid) }
}

describe('systemProcessTable', () => {
  it('knows its own process', async () => {
    const own = await systemProcessTable.self()
    expect(own).toMatchObject({
      pid: process.pid,
      startedAt: expect.stringMatching(/^\d+$/),
      place: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
    expect(await systemProcessTable.lookUp(own)).toBe('alive')
    expect(await systemProcessTable.self()).toEqual(own)
  })

  it('can not say anything about processes of other places', async () => {
    const own = await systemProcessTable.self()
    const elsewhere = { ...own, place: '0123456789abcdef' }
    expect(await systemProcessTable.lookUp(elsewhere)).toBe('unknown')
  })

  it('finds a process dead when it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await once(child, 'spawn')
    const pid = child.pid as number
    const linux = process.platform === 'linux'
    const identity = linux
      ? await identityOf(pid)
      : { ...(await systemProcessTable.self()), pid, startedAt: '0' }
    expect(await systemProcessTable.lookUp(identity)).toBe(linux ? 'alive' : 'unknown')
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    expect(await systemProcessTable.lookUp(identity)).toBe('dead')
  })

  describe.runIf(process.platform === 'linux')('on Linux', () => {
    it('tells a process from a later one with the same number', async () => {
      const own = await systemProcessTable.self()
      expect(await systemProcessTable.lookUp({ ...own, startedAt: '1' })).toBe('dead')
      const parent = { ...own, pid: process.ppid, startedAt: '1' }
      expect(await systemProcessTable.lookUp(parent)).toBe('dead')
      expect(await systemProcessTable.lookUp(await identityOf(process.ppid))).toBe('alive')
    })

    it('finds a process dead that has ended although its parent has not asked', async () => {
      const script = 'sleep 0.3 & echo $!; exec sleep 30'
      const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const identity = await identityOf(Number(line.toString()))
      expect(await systemProcessTable.lookUp(identity)).toBe('alive')
      while ((await systemProcessTable.lookUp(identity)) === 'alive') {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect(await readFile(`/proc/${identity.pid}/stat`, 'latin1')).toContain(') Z ')
      expect(await systemProcessTable.lookUp(identity)).toBe('dead')
      parent.kill('SIGKILL')
      await once(parent, 'exit')
    })
  })
})
