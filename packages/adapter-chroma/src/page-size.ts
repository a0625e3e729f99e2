import type { VectorRecord } from '@holdfast/core'
import {
  BATCH_RECORDS_MAX,
  FIRST_PAGE_RECORDS,
  PAGE_BYTES_WANTED,
  PARSED_BYTES_WANTED,
} from './limits.ts'

/** Digits of a float32 in JSON, with its comma. Measured: 11.7. */
const COMPONENT_BYTES = 12
/** Id, quotes and names of a record, roughly. */
const RECORD_BYTES = 100
/** Name and value of a metadata entry beside its text, roughly. */
const ENTRY_BYTES = 30

/**
 * How many records of one collection to ask for at once, so that decoding the answer does not hold
 * up the host: what is parsed in one go has about `PARSED_BYTES_WANTED`, all of it about
 * `PAGE_BYTES_WANTED`.
 */
export class PageSize {
  #records = FIRST_PAGE_RECORDS

  get records(): number {
    return this.#records
  }

  /**
   * Learns from a page. Never grows to more than the double, since the next one may be heavier.
   * @param isStreamed whether its vectors were decoded while they arrived
   */
  learn(page: readonly VectorRecord[], isStreamed: boolean): void {
    if (page.length === 0) return
    let vectors = 0
    let content = 0
    for (const record of page) {
      vectors += record.vector.length * COMPONENT_BYTES
      content += contentBytes(record)
    }
    const parsed = isStreamed ? content : content + vectors
    const wanted = Math.min(PARSED_BYTES_WANTED / parsed, PAGE_BYTES_WANTED / (content + vectors))
    const records = Math.min(Math.floor(page.length * wanted), 2 * this.#records, BATCH_RECORDS_MAX)
    this.#records = Math.max(1, records)
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
