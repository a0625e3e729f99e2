import { hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { OrderFreeSum } from './order-free-sum.ts'
import type { VectorRecord } from './record.ts'

/**
 * What a collection holds, in a form that can be compared: equal manifests prove equal records;
 * different digests only ask (see `same-record.ts`), since some stores round vectors.
 */
export interface Manifest {
  readonly count: number
  /** 64 hexadecimal digits. Doesn't depend on the order of the records. */
  readonly digest: string
}

/** Adds up records into a manifest, in any order, in constant memory. */
export class ManifestBuilder {
  readonly #sum = new OrderFreeSum()

  add(record: VectorRecord): void {
    this.#sum.add(recordHash(record))
  }

  addAll(records: Iterable<VectorRecord>): void {
    for (const record of records) this.add(record)
  }

  build(): Manifest {
    return { count: this.#sum.count, digest: this.#sum.digest() }
  }
}

export function sameManifest(a: Manifest, b: Manifest): boolean {
  return a.count === b.count && a.digest === b.digest
}

/** Where a record is laid out to be hashed in one call. Larger ones get a buffer of their own. */
const SCRATCH = Buffer.allocUnsafe(64 * 1024)

/** Length-prefixed, so that no two different records give the same bytes. */
function recordHash(record: VectorRecord): Buffer {
  const { vector, metadata, text } = record
  const head = JSON.stringify([
    record.id,
    text ?? null,
    metadata === undefined ? '{}' : canonicalJson(metadata),
    vector.length,
  ])
  // UTF-8 takes three bytes at most for one unit of UTF-16.
  const sizeMaxBytes = head.length * 3 + vector.byteLength
  const scratch = sizeMaxBytes <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(sizeMaxBytes)
  const headBytes = scratch.write(head, 'utf8')
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  scratch.set(bytes, headBytes)
  return hash('sha256', scratch.subarray(0, headBytes + bytes.length), 'buffer')
}
