import { foldEntry } from './fold-journal.ts'
import { isEnded, type JournalEntry, type OperationRecord, type OperationState } from './journal.ts'

/** What the entries read so far say about every operation, oldest first. */
export class OperationLedger {
  readonly #operations = new Map<string, OperationRecord>()
  readonly #open = new Set<string>()
  /** Operations with that idempotency key that were not rolled back, oldest first. */
  readonly #byKey = new Map<string, Set<string>>()

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
    if (idempotency !== undefined) this.#setKey(idempotency.key, operationId, state)
  }

  get(operationId: string): OperationRecord | undefined {
    return this.#operations.get(operationId)
  }

  findByKey(key: string): OperationRecord | undefined {
    const latest = [...(this.#byKey.get(key) ?? [])].at(-1)
    return latest === undefined ? undefined : this.#operations.get(latest)
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

  #setKey(key: string, operationId: string, state: OperationState): void {
    const operationIds = this.#byKey.get(key) ?? new Set()
    if (state === 'rolled-back') operationIds.delete(operationId)
    else operationIds.add(operationId)
    this.#byKey.set(key, operationIds)
  }
}
