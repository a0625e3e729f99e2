import type { VectorRecord } from '@holdfast/core'
import { FIRST_PAGE_RECORDS, PAGE_BYTES_WANTED } from './limits.ts'

/** Digits of a float32 in JSON, with its comma. Measured: 11.7. */
const COMPONENT_BYTES = 12
/** Id, quotes and names of a record, roughly. */
const RECORD_BYTES = 100
/** Name and value of a metadata entry beside its text, roughly. */
const ENTRY_BYTES = 30

/** How many records to ask for, so that the answer has about `PAGE_BYTES_WANTED`. */
export class PageSize {
  readonly #recordsMax: number
  #records: number

  /** @param dimension if it is known, the first page is no guess */
  constructor(recordsMax: number, dimension?: number) {
    this.#recordsMax = recordsMax
    this.#records = Math.min(recordsMax, FIRST_PAGE_RECORDS)
    if (dimension !== undefined) this.#set(dimension * COMPONENT_BYTES + RECORD_BYTES)
  }

  get records(): number {
    return this.#records
  }

  /** Learns from a page. Never grows to more than the double, since the next one may be heavier. */
  learn(page: readonly VectorRecord[]): void {
    if (page.length === 0) return
    const double = this.#records * 2
    let bytes = 0
    for (const record of page) bytes += recordBytes(record)
    this.#set(bytes / page.length)
    this.#records = Math.min(this.#records, double)
  }

  #set(recordBytes: number): void {
    const wanted = Math.floor(PAGE_BYTES_WANTED / recordBytes)
    this.#records = Math.max(1, Math.min(this.#recordsMax, wanted))
  }
}

/** Text and metadata of a record in JSON, roughly. */
export function contentBytes({ id, text = '', metadata = {} }: VectorRecord): number {
  let bytes = RECORD_BYTES + id.length + text.length
  for (const value of Object.values(metadata)) {
    bytes += ENTRY_BYTES
    if (typeof value === 'string') bytes += value.length
    else if (Array.isArray(value)) bytes += value.length * ENTRY_BYTES
  }
  return bytes
}

function recordBytes(record: VectorRecord): number {
  return record.vector.length * COMPONENT_BYTES + contentBytes(record)
}
