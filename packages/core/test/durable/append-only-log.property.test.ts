import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AppendOnlyLog } from '../../src/durable/append-only-log.ts'
import { isHoldfastError } from '../../src/model/errors.ts'
import { MemoryFileSystem } from '../../src/testing/memory-file-system.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { bytes, openLog, readAll } from './log-helpers.ts'

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
const EFFORT = Number(process.env['EFFORT'] ?? 1)

/** One life of a process: it opens the log, writes, and ends in one way or another. */
interface Life {
  readonly steps: readonly Step[]
  /** The call to the disk that fails, how, and whether all later ones fail too. */
  readonly fault: {
    readonly at: number
    readonly when: 'before' | 'half' | 'after'
    readonly how: 'EIO' | 'ENOSPC' | 'death'
    readonly lasts: boolean
  }
  readonly end: 'close' | 'process crash' | 'power cut'
  readonly seed: number
}

/** Sizes of the entries of one append, or a rewriting that keeps only later entries. */
type Step = { readonly append: readonly number[] } | { readonly forget: number }

const lives = fc.array(
  fc.record<Life>({
    steps: fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ append: fc.array(sizes(), { maxLength: 4 }) }) },
        { weight: 1, arbitrary: fc.record({ forget: fc.integer({ min: 0, max: 5 }) }) },
      ),
      { maxLength: 6 },
    ),
    fault: fc.record({
      at: fc.integer({ min: 0, max: 30 }),
      when: fc.constantFrom('before', 'half', 'after'),
      how: fc.constantFrom('EIO', 'ENOSPC', 'death'),
      lasts: fc.boolean(),
    }),
    end: fc.constantFrom('close', 'process crash', 'power cut'),
    seed: fc.integer({ min: 0 }),
  }),
  { minLength: 1, maxLength: 5 },
)

function sizes(): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 400, max: 1_600 }))
}

/** What the disk must hold: these entries, or what an unfinished call may have made of them. */
interface Expected {
  certain: readonly string[]
  unfinished?: { readonly append: readonly string[] } | { readonly rewrite: readonly string[] }
}

describe('AppendOnlyLog, through lives that end badly', () => {
  it('keeps what it acknowledged, in order, and nothing that was not appended', async () => {
    let unfinished = 0
    await fc.assert(
      fc.asyncProperty(lives, async (all) => {
        let fs = new MemoryFileSystem()
        let expected: Expected = { certain: [] }
        for (const life of all) {
          expected = await live(fs, life, expected)
          if (expected.unfinished !== undefined) unfinished++
          fs.onCall = undefined
          if (life.end === 'power cut') fs = fs.crash({ keep: new SeededRandom(life.seed) })
          else fs = fs.processCrash()
        }
        const log = await openLog(fs)
        expectAllowed(await readAll(log), expected)
        await log.close()
      }),
      { seed: SEED, numRuns: 500 * EFFORT },
    )
    expect(unfinished).toBeGreaterThan(50)
  }, 600_000)
})

async function live(fs: MemoryFileSystem, life: Life, before: Expected): Promise<Expected> {
  fail(fs, life.fault)
  const log = await openLog(fs).catch(refusedByDisk)
  if (log === undefined) return before
  const found = await readAll(log).catch(refusedByDisk)
  if (found === undefined) return before
  expectAllowed(found, before)
  let certain = found
  for (const [index, step] of life.steps.entries()) {
    const entries = await attempt(log, step, certain, index)
    if ('certain' in entries) certain = entries.certain
    else return { certain, unfinished: entries }
  }
  if (life.end === 'close') await log.close()
  return { certain }
}

async function attempt(
  log: AppendOnlyLog,
  step: Step,
  certain: readonly string[],
  index: number,
): Promise<{ certain: readonly string[] } | NonNullable<Expected['unfinished']>> {
  const added =
    'append' in step ? step.append.map((size, at) => entry(certain, index, at, size)) : []
  const kept = 'forget' in step ? certain.slice(step.forget) : [...certain, ...added]
  try {
    if ('append' in step) await log.append(added.map(bytes))
    else await log.rewrite(kept.map(bytes))
    return { certain: kept }
  } catch (error) {
    refusedByDisk(error)
    if (isHoldfastError(error) && error.outcome === 'unchanged') return { certain }
    return 'append' in step ? { append: added } : { rewrite: kept }
  }
}

/** No two entries are the same, and some hold zeros. */
function entry(certain: readonly string[], index: number, at: number, size: number): string {
  return `${certain.length}.${index}.${at} ${(size % 3 === 0 ? '\0' : 'x').repeat(size)}`
}

function fail(fs: MemoryFileSystem, fault: Life['fault']): void {
  let calls = 0
  fs.onCall = async (call) => {
    const index = calls++
    if (index < fault.at || (index > fault.at && !fault.lasts)) return call.run()
    if (index === fault.at && fault.when === 'after') await call.run()
    if (index === fault.at && fault.when === 'half') await call.half?.()
    if (fault.how === 'death') throw new Error('The process is dead')
    throw Object.assign(new Error(fault.how), { code: fault.how })
  }
}

/** Whatever fails may fail because of the disk, never because the log is damaged. */
function refusedByDisk(error: unknown): undefined {
  const isOfDisk = isHoldfastError(error) ? error.code === 'DIRECTORY_UNUSABLE' : true
  if (!isOfDisk || error instanceof TypeError) throw error
}

function expectAllowed(found: readonly string[], { certain, unfinished }: Expected): void {
  const allowed = [certain]
  if (unfinished !== undefined && 'rewrite' in unfinished) allowed.push(unfinished.rewrite)
  if (unfinished !== undefined && 'append' in unfinished) {
    for (let count = 1; count <= unfinished.append.length; count++) {
      allowed.push([...certain, ...unfinished.append.slice(0, count)])
    }
  }
  expect(allowed).toContainEqual(found)
}
