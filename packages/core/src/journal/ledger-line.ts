import type { JournalEntry, OperationRecord } from './journal.ts'

/** One entry of the file: something that happened, or an operation as a rewrite has summed it up. */
export type LedgerLine =
  | { readonly entry: JournalEntry; readonly operation?: undefined }
  | { readonly operation: OperationRecord; readonly entry?: undefined }

/** JSON in UTF-8, so that a person can read the journal with `strings`. */
export function encodeLine(line: LedgerLine): Uint8Array {
  return Buffer.from(JSON.stringify(line))
}

/** `undefined` for what is not one of ours. */
export function decodeLine(payload: Uint8Array): LedgerLine | undefined {
  try {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()
    const line = JSON.parse(text) as LedgerLine
    const id = line.entry?.operationId ?? line.operation?.operationId
    return typeof id === 'string' ? line : undefined
  } catch {
    return undefined
  }
}
