import { foldEntry } from './fold-journal.ts'
import { isEnded, type JournalEntry, type OperationRecord } from './journal.ts'

/** What the entries read so far say about every operation, oldest first. */
export class OperationLedger {
  readonly #operations = new Map<string, OperationRecord>()
  readonly #open = new Set<string>()
  readonly #byKey = new Map<string, string>()

  apply(entry: JournalEntry): void {
    const before = this.#operations.get(entry.operationId)
    const after = foldEntry(before, entry)
    if (after !== undefined && after !== before) this.set(after)
  }

  set(operation: OperationRecord): void {
    const { operationId, idempotency, state } = operation
    this.#operations.set(operationId, operation)
    if (isEnded(operation)) this.#open.delete(operationId)
    else this.#open.add(operationId)
    if (idempotency === undefined) return
    if (state !== 'rolled-back') this.#byKey.set(idempotency.key, operationId)
    else if (this.#byKey.get(idempotency.key) === operationId) this.#byKey.delete(idempotency.key)
  }

  get(operationId: string): OperationRecord | undefined {
    return this.#operations.get(operationId)
  }

  findByKey(key: string): OperationRecord | undefined {
    const operationId = this.#byKey.get(key)
    return operationId === undefined ? undefined : this.#operations.get(operationId)
  }

  list(): readonly OperationRecord[] {
    return [...this.#operations.values()]
  }

  listOpen(): readonly OperationRecord[] {
    return [...this.#open].map(
      (operationId) => this.#operations.get(operationId) as OperationRecord,
    )
  }

  copy(): OperationLedger {
    const copy = new OperationLedger()
    for (const operation of this.#operations.values()) copy.set(operation)
    return copy
  }

  clear(): void {
    this.#operations.clear()
    this.#open.clear()
    this.#byKey.clear()
  }
}
