import { describe, expect, it } from 'vitest'
import { writeFileAtomically } from '../../src/durable/atomic-write.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const OLD = bytes('the old content')
const NEW = bytes('n'.repeat(2_000))

async function withOldContent(): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  await writeFileAtomically(fs, '/file', OLD)
  return fs
}

describe('writeFileAtomically', () => {
  it('is durable when it resolves', async () => {
    const fs = await withOldContent()
    await writeFileAtomically(fs, '/file', NEW)
    expect(await fs.crash({ keep: 'none' }).readFile('/file')).toEqual(NEW)
  })

  it('leaves the old or the new content, whatever fails, and whenever the power goes', async () => {
    let failures = 0
    for (let failAt = 0; ; failAt++) {
      for (const fault of ['before', 'after', 'half'] as const) {
        const fs = await withOldContent()
        let calls = 0
        fs.onCall = async (call) => {
          if (call.reads || calls++ !== failAt) return call.run()
          if (fault === 'after') await call.run()
          if (fault === 'half') await call.half?.()
          throw Object.assign(new Error(`${fault} ${call.method}`), { code: 'EIO' })
        }
        const failed = await writeFileAtomically(fs, '/file', NEW).then(
          () => false,
          () => true,
        )
        if (!failed) {
          expect(failures).toBeGreaterThan(10)
          return
        }
        failures++
        fs.onCall = undefined
        for (let seed = 0; seed < 10; seed++) {
          const after = fs.crash({ keep: new SeededRandom(seed) })
          expect([OLD, NEW]).toContainEqual(await after.readFile('/file'))
        }
        expect([OLD, NEW]).toContainEqual(await fs.readFile('/file'))
        // Only an answer that was lost leaves a temporary, since then nobody knows of it.
        const left = (await fs.readDirectory('/')).filter((name) => name !== 'file')
        expect(left).toHaveLength(0)
      }
    }
  })

  it('tells that the disk is full, with the old content in place', async () => {
    const fs = await withOldContent()
    fs.capacityBytes = 1_000
    await expect(writeFileAtomically(fs, '/file', NEW)).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await fs.readFile('/file')).toEqual(OLD)
    expect(await fs.readDirectory('/')).toEqual(['file'])
  })
})
