import assert from 'node:assert/strict'
import type { BackupBatch, BackupInfo, BackupRepository } from '../../backup/backup-repository.ts'
import type { CollectionInfo } from '../../model/collection.ts'
import { ManifestBuilder } from '../../model/manifest.ts'
import type { VectorRecord } from '../../model/record.ts'
import { sameRecord } from '../../model/same-record.ts'
import type { CallOptions } from '../../store/adapter.ts'
import type { OpenBackupRepository } from '../open-backup-repository.ts'
import type { Scenario } from './define-suite.ts'
import { collect } from './expectations.ts'
import { recordsOf } from './fixtures.ts'

export type BackupScenario = Scenario<OpenBackupRepository>

export const COLLECTION: CollectionInfo = {
  name: 'docs é',
  id: 'collection-1',
  metric: 'cosine',
  dimension: 4,
  metadata: { owner: 'research', nested: { deep: [1, null] } },
  settings: { hnsw: { m: 16 } },
  count: 3,
}

/** Records `r0` … in batches. */
export function batchesOf(count: number, size: number, from = 0): BackupBatch[] {
  const records = recordsOf(count, from)
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => ({
    records: records.slice(index * size, (index + 1) * size),
  }))
}

export async function* stream(batches: readonly BackupBatch[]): AsyncGenerator<BackupBatch> {
  yield* batches
}

export function write(
  repository: BackupRepository,
  id: string,
  batches: readonly BackupBatch[] | AsyncIterable<BackupBatch>,
  options?: CallOptions,
): Promise<BackupInfo> {
  const source = Symbol.asyncIterator in batches ? batches : stream(batches)
  return repository.write({ id, collection: COLLECTION, batches: source }, options)
}

/** The backup is listed, complete, and reads exactly as these batches, in their order. */
export async function assertBackup(
  repository: BackupRepository,
  id: string,
  batches: readonly BackupBatch[],
): Promise<void> {
  const info = await repository.get(id)
  assert.ok(info !== undefined, `backup "${id}" is not there`)
  const listed = (await collect(repository.list())).filter((one) => one.id === id)
  assert.deepEqual(listed, [info], `backup "${id}" in the list`)
  const records = batches.flatMap((batch) => batch.records)
  const manifest = new ManifestBuilder()
  manifest.addAll(records)
  assert.deepEqual(info.manifest, manifest.build(), 'the manifest of the backup')
  const read = await collect(repository.read(id))
  assertSameInOrder(
    read.flatMap((batch) => batch.records),
    records,
  )
  assert.deepEqual(
    read.flatMap((batch) => batch.absentIds ?? []),
    batches.flatMap((batch) => batch.absentIds ?? []),
    'the ids that did not exist',
  )
}

export async function idsIn(repository: BackupRepository): Promise<string[]> {
  return (await collect(repository.list())).map(({ id }) => id).sort()
}

function assertSameInOrder(
  actual: readonly VectorRecord[],
  expected: readonly VectorRecord[],
): void {
  assert.deepEqual(
    actual.map(({ id }) => id),
    expected.map(({ id }) => id),
    'the records, in the order in which they were written',
  )
  for (const [index, record] of expected.entries()) {
    const found = actual[index] as VectorRecord
    assert.ok(sameRecord(found, record, 0), `record "${record.id}" was read as something else`)
  }
}
