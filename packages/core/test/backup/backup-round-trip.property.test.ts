import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { BackupBatch } from '../../src/backup/backup-repository.ts'
import { ManifestBuilder } from '../../src/model/manifest.ts'
import type { Metadata, VectorRecord } from '../../src/model/record.ts'
import { propertyRuns } from '../../src/testing/generators.ts'
import { contentIn, contentOf, inMemory, onDisk, repositoryIn, write } from './repository-on.ts'

/** Any 32 bits: every NaN, both zeros, subnormal numbers. */
const vector = fc
  .array(fc.oneof(fc.nat(0xffffffff), fc.constantFrom(...specialBits())), { maxLength: 5 })
  .map((bits) => new Float32Array(Uint32Array.from(bits).buffer))

/** Any code units, halves of pairs included. */
const text = fc.string({ unit: 'binary', maxLength: 8 })

const metadata = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 })
  // JSON has one zero only.
  .map((value) => JSON.parse(JSON.stringify(value)) as Metadata)

const record: fc.Arbitrary<VectorRecord> = fc.record(
  { id: text, vector, metadata, text },
  { requiredKeys: ['id', 'vector'] },
)

const batches: fc.Arbitrary<BackupBatch[]> = fc.array(
  fc.record(
    { records: fc.array(record, { maxLength: 4 }), absentIds: fc.array(text, { maxLength: 3 }) },
    { requiredKeys: ['records'] },
  ),
  { maxLength: 4 },
)

for (const [name, makePlace, runs] of [
  ['in memory', inMemory, 300],
  ['on a real disk', onDisk, 30],
] as const) {
  it(`a backup ${name} is read as it was written, to the bit`, async () => {
    const place = await makePlace()
    const repository = await repositoryIn(place)
    const property = fc.asyncProperty(batches, async (written) => {
      const info = await write(repository, 'b1', written)
      expect(await repository.get('b1')).toEqual(info)
      expect(await contentOf(repository, 'b1')).toEqual(contentIn(written))
      const manifest = new ManifestBuilder()
      for (const { records } of written) manifest.addAll(records)
      expect(info.manifest).toEqual(manifest.build())
    })
    await fc.assert(property, propertyRuns(process.env, runs))
    await place.remove()
  })
}

function specialBits(): readonly number[] {
  return [0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00001, 0x7f800001, 0xffffffff, 1]
}
