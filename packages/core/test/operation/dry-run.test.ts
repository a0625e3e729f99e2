import { describe, expect, it } from 'vitest'
import { countOf } from '../../src/operation/count-of.ts'
import type { DryRun } from '../../src/operation/operation-result.ts'
import { recordsFor, STORE_KINDS, type StoreKind, World } from './world.ts'

const COPYING = STORE_KINDS.find((kind) => !kind.rename) as StoreKind

/** What every operation that counts says of itself when its collection has this many records. */
async function sentences(recordCount: number): Promise<string[]> {
  const world = new World(COPYING, 1)
  const ids = Array.from({ length: recordCount }, (_, index) => `id ${index}`)
  const records = ids.flatMap((id) => recordsFor(world.random, [id], 'docs').slice(0, 1))
  await world.store.createCollection({ name: 'docs', metric: 'cosine', dimension: 3 })
  for (const record of records) await world.store.putRecords({ name: 'docs' }, [record])
  const { operations } = await world.start()
  const dryRun = true
  const there = [
    await operations.safeRenameCollection({ from: 'docs', to: 'papers' }, { dryRun }),
    await operations.safeCloneCollection({ from: 'docs', to: 'papers' }, { dryRun }),
    await operations.safeDeleteCollection('docs', { dryRun }),
    await operations.safePutRecords('docs', records, { dryRun }),
    await operations.safeDeleteRecords('docs', ids, { dryRun }),
  ]
  expect(await world.store.countRecords({ name: 'docs' })).toBe(recordCount)
  const ofRecords = await operations.safeDeleteRecords('docs', ids)
  const ofIds = await operations.undelete(ofRecords.operationId, { dryRun })
  await operations.undelete(ofRecords.operationId)
  const ofCollection = await operations.safeDeleteCollection('docs')
  const collection = await operations.undelete(ofCollection.operationId, { dryRun })
  return [...there, ofIds, collection].flatMap(({ reads, writes, destroys }: DryRun) => [
    ...reads,
    ...writes,
    ...destroys,
  ])
}

const OF_ONE = [
  'Reads the 1 record of "docs" twice.',
  'Creates "papers" and puts 1 record into it.',
  'Drops "docs" with its 1 record, once the copy is verified.',
  'Reads the 1 record of "docs" twice.',
  'Creates "papers" and puts 1 record into it.',
  'Reads the 1 record of "docs" into a backup.',
  'Drops "docs" with its 1 record.',
  'Reads what "docs" holds under 1 id into a backup.',
  'Puts 1 record into "docs".',
  'Replaces what "docs" already holds under 1 id.',
  'Reads what "docs" holds under 1 id into a backup.',
  'Deletes what "docs" holds under 1 id.',
  'Reads 1 record from the backup.',
  'Puts up to 1 record back into "docs"; what is there already stays.',
  'Reads 1 record from the backup.',
  'Creates "docs" and puts 1 record into it.',
]

describe('a dry run', () => {
  it('counts one in the singular', async () => {
    expect(await sentences(1)).toEqual(OF_ONE)
  })

  it('counts several in the plural', async () => {
    const plural = (sentence: string): string =>
      sentence.replace('1 record', '2 records').replace('1 id', '2 ids')
    expect(await sentences(2)).toEqual(OF_ONE.map(plural))
  })

  it('separates thousands', () => {
    expect(countOf(1_200, 'record')).toBe('1,200 records')
  })
})
