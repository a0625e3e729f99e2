import { describe, expect, it } from 'vitest'
import { FILE_HEADER_BYTES } from '../../src/durable/log-format.ts'
import { bytes, diskWith, entriesOn, logBytes, openLog, PATH, readAll } from './log-helpers.ts'

const DAMAGED = { code: 'JOURNAL_DAMAGED', outcome: 'unchanged', retryable: false }
/** Short and long entries, alone and together, over several sectors. */
const APPENDS = [['first'], ['b'.repeat(700), '', 'd'.repeat(20)], ['e'.repeat(300)], ['last']]
const ENTRIES = APPENDS.flat()

describe('a log that ends too early', () => {
  it('is cut to its longest valid prefix, wherever it ends', async () => {
    const { content, frames } = await logBytes(APPENDS)
    for (let size = FILE_HEADER_BYTES; size <= content.length; size++) {
      const fs = await diskWith(content.subarray(0, size))
      const whole = frames.filter(({ endBytes }) => endBytes <= size)
      const log = await openLog(fs)
      expect(await readAll(log)).toEqual(ENTRIES.slice(0, whole.length))
      expect(log.sizeBytes).toBe(whole.at(-1)?.endBytes ?? FILE_HEADER_BYTES)
      await log.append([bytes('next')])
      const after = await entriesOn(fs.crash({ keep: 'none' }))
      expect(after).toEqual([...ENTRIES.slice(0, whole.length), 'next'])
    }
  }, 30_000)

  it('is refused when not even its header is there', async () => {
    const { content } = await logBytes(APPENDS)
    for (let size = 0; size < FILE_HEADER_BYTES; size++) {
      const fs = await diskWith(content.subarray(0, size))
      await expect(openLog(fs)).rejects.toMatchObject(DAMAGED)
    }
  })
})

describe('a log with a flipped bit', () => {
  it('is refused, wherever the bit is, and left as it is', async () => {
    const { content } = await logBytes(APPENDS)
    for (let bit = 0; bit < content.length * 8; bit++) {
      const flipped = content.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      const fs = await diskWith(flipped)
      const error = await entriesOn(fs).catch((reason) => reason)
      if (error.code !== 'JOURNAL_DAMAGED') expect.fail(`bit ${bit}: ${String(error)}`)
      expect(Buffer.compare(await fs.readFile(PATH), flipped)).toBe(0)
    }
  }, 30_000)

  it('names the file and the byte, and says what to do', async () => {
    const { content, frames } = await logBytes(APPENDS)
    const at = frames[1]?.startBytes as number
    content[at + 30] = 0x41
    const fs = await diskWith(content)
    await expect(openLog(fs)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`${PATH} is damaged at byte ${at}: .*copy`)),
      details: { path: PATH, atBytes: at },
    })
  })
})

describe('a log with sectors of zeros', () => {
  const zeroed = (content: Uint8Array, sector: number, from: number): Uint8Array => {
    const holed = content.slice()
    holed.fill(0, Math.max(from, sector * 512), (sector + 1) * 512)
    return holed
  }

  it('is cut when the last append lost some of its sectors, in any combination', async () => {
    const last = ['x'.repeat(400), 'y'.repeat(1_500), '', 'z'.repeat(10)]
    const { content, frames } = await logBytes([...APPENDS, last])
    const from = frames[ENTRIES.length]?.startBytes as number
    const first = Math.floor(from / 512)
    const count = Math.ceil(content.length / 512) - first
    expect(count).toBeGreaterThan(4)
    for (let lost = 1; lost < 1 << count; lost++) {
      let holed = content
      for (let sector = 0; sector < count; sector++) {
        if ((lost >> sector) & 1) holed = zeroed(holed, first + sector, from)
      }
      const fs = await diskWith(holed)
      const entries = await entriesOn(fs)
      expect(entries.length).toBeLessThan(ENTRIES.length + last.length)
      expect([...ENTRIES, ...last].slice(0, entries.length)).toEqual(entries)
      expect(entries.length).toBeGreaterThanOrEqual(ENTRIES.length)
    }
  })

  it('is refused when an earlier append has them', async () => {
    const { content, frames } = await logBytes([...APPENDS, ['f'.repeat(5_000)], ['g']])
    const from = frames[0]?.startBytes as number
    const lastStart = frames.at(-1)?.startBytes as number
    for (let sector = 0; (sector + 1) * 512 <= lastStart; sector++) {
      const fs = await diskWith(zeroed(content, sector, from))
      await expect(openLog(fs)).rejects.toMatchObject(DAMAGED)
    }
  })

  it('is cut when it ends in zeros of any number', async () => {
    const { content } = await logBytes(APPENDS)
    for (const count of [1, 3, 23, 24, 25, 511, 512, 5_000, 600_000]) {
      const longer = new Uint8Array(content.length + count)
      longer.set(content)
      const fs = await diskWith(longer)
      expect(await entriesOn(fs)).toEqual(ENTRIES)
      expect((await fs.stat(PATH)).sizeBytes).toBe(content.length)
    }
  })

  it('is told from one whose entries hold zeros of their own', async () => {
    const zeros = '\0'.repeat(3_000)
    const { content, frames } = await logBytes([['a'], [`${zeros}b${zeros}`]])
    expect(await entriesOn(await diskWith(content))).toEqual(['a', `${zeros}b${zeros}`])
    const at = frames[1]?.startBytes as number
    // A flipped bit among the zeros is damage, although there are sectors of zeros beside it.
    const flipped = content.slice()
    flipped[at + 1_000] = 1
    await expect(openLog(await diskWith(flipped))).rejects.toMatchObject(DAMAGED)
    // The loss of the one sector that is not zeros is a power cut.
    const sector = Math.floor((at + 24 + 3_000) / 512)
    expect(await entriesOn(await diskWith(zeroed(content, sector, at)))).toEqual(['a'])
  })
})

describe('a log with what is not its own at the end', () => {
  it('is refused after other bytes', async () => {
    const { content } = await logBytes(APPENDS)
    for (const foreign of ['\n', 'x', 'hello', 'x'.repeat(1_000)]) {
      const fs = await diskWith(new Uint8Array([...content, ...bytes(foreign)]))
      await expect(openLog(fs)).rejects.toMatchObject(DAMAGED)
    }
  })

  it('is refused after entries of another log', async () => {
    const { content } = await logBytes(APPENDS)
    const { content: other } = await logBytes([['other']])
    const fs = await diskWith(new Uint8Array([...content, ...other.subarray(FILE_HEADER_BYTES)]))
    await expect(openLog(fs)).rejects.toMatchObject(DAMAGED)
  })

  it('is not confused by entries that hold whole logs', async () => {
    const { content } = await logBytes(APPENDS)
    const text = [...content].map((byte) => String.fromCharCode(byte)).join('')
    const { content: outer, frames } = await logBytes([['a'], [text]])
    const start = frames[1]?.startBytes as number
    for (let size = start; size < outer.length; size += 7) {
      expect(await entriesOn(await diskWith(outer.subarray(0, size)))).toEqual(['a'])
    }
  })
})
