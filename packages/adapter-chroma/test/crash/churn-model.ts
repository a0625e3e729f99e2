import type { OperationRecord, VectorRecord } from '@holdfast/core'
import { SeededRandom } from '@holdfast/core/testing'
import { idOf, recordsOf } from './records.ts'
import type { Call } from './scenarios.ts'
import { type CollectionState, type StoreState, stateOf } from './store-state.ts'

/** One operation of a random sequence, which is known again by its number. */
export type ChurnStep =
  | { readonly do: 'put' | 'delete records'; readonly name: string; readonly first: number }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'undelete'; readonly deletedId: string }
  | { readonly do: 'rename' | 'clone'; readonly from: string; readonly to: string }

export const ALIKE: Pick<CollectionState, 'metadata' | 'space'> = {
  metadata: { owner: 'tests' },
  space: 'l2',
}
/** Ids are few, so that operations meet on them. */
export const IDS = 60
const STEP_RECORDS = 25

/** @param deletedIds of deletes that may be taken back */
export function randomStep(
  random: SeededRandom,
  names: readonly string[],
  deletedIds: readonly string[],
): ChurnStep {
  const name = names[random.integer(names.length)] as string
  const other = names[random.integer(names.length)] as string
  const first = random.integer(IDS - STEP_RECORDS)
  const deletedId = deletedIds[random.integer(deletedIds.length)]
  const dice = random.next()
  if (dice < 0.2 && deletedId !== undefined) return { do: 'undelete', deletedId }
  if (dice < 0.5) return { do: 'put', name, first }
  if (dice < 0.65) return { do: 'delete records', name, first }
  if (dice < 0.75) return { do: 'delete', name }
  return { do: dice < 0.9 ? 'rename' : 'clone', from: name, to: other }
}

export function callOf(step: ChurnStep, number: number): Call {
  switch (step.do) {
    case 'put':
      return { method: 'safePutRecords', args: [step.name, stepRecords(step.first, number)] }
    case 'delete records':
      return { method: 'safeDeleteRecords', args: [step.name, stepIds(step.first)] }
    case 'delete':
      return { method: 'safeDeleteCollection', args: [step.name] }
    case 'undelete':
      return { method: 'undelete', args: [step.deletedId] }
    case 'rename':
      return { method: 'safeRenameCollection', args: [{ from: step.from, to: step.to }] }
    case 'clone':
      return { method: 'safeCloneCollection', args: [{ from: step.from, to: step.to }] }
  }
}

interface ModelCollection {
  readonly records: Map<string, VectorRecord>
}

/** What a delete has taken away. */
interface Deleted {
  readonly name: string
  /** Absent when the whole collection went. */
  readonly from?: ModelCollection
  readonly records: ReadonlyMap<string, VectorRecord>
}

/** The simplest store that does what the journal says was committed, in that order. */
export class ChurnModel {
  readonly #collections = new Map<string, ModelCollection>()
  readonly #deleted = new Map<string, Deleted>()

  constructor(collections: ReadonlyMap<string, readonly VectorRecord[]>) {
    for (const [name, records] of collections) {
      this.#collections.set(name, { records: new Map(records.map((one) => [one.id, one])) })
    }
  }

  get state(): StoreState {
    return new Map(
      [...this.#collections].map(([name, { records }]) => [
        name,
        stateOf([...records.values()], ALIKE),
      ]),
    )
  }

  /** @throws TypeError when it can't have been committed, as it stands in the journal */
  apply({ operationId }: OperationRecord, step: ChurnStep, number: number): void {
    switch (step.do) {
      case 'put': {
        const { records } = this.#get(step.name)
        for (const record of stepRecords(step.first, number)) records.set(record.id, record)
        return
      }
      case 'delete records': {
        const from = this.#get(step.name)
        const records = new Map<string, VectorRecord>()
        for (const id of stepIds(step.first)) {
          const record = from.records.get(id)
          if (record !== undefined) records.set(id, record)
          from.records.delete(id)
        }
        this.#deleted.set(operationId, { name: step.name, from, records })
        return
      }
      case 'delete': {
        const { records } = this.#get(step.name)
        this.#collections.delete(step.name)
        this.#deleted.set(operationId, { name: step.name, records })
        return
      }
      case 'undelete':
        this.#undelete(step.deletedId)
        return
      case 'rename': {
        const collection = this.#get(step.from)
        this.#add(step.to, collection)
        this.#collections.delete(step.from)
        return
      }
      case 'clone':
        this.#add(step.to, { records: new Map(this.#get(step.from).records) })
    }
  }

  #undelete(deletedId: string): void {
    const deleted = this.#deleted.get(deletedId)
    if (deleted === undefined) throw new TypeError('took back what was not deleted')
    const { name, from, records } = deleted
    if (from === undefined) {
      this.#add(name, { records: new Map(records) })
      return
    }
    // One that was itself deleted has perhaps come back, or another one has its name.
    const target = [...this.#collections.values()].includes(from) ? from : this.#get(name)
    for (const [id, record] of records) if (!target.records.has(id)) target.records.set(id, record)
  }

  #get(name: string): ModelCollection {
    const found = this.#collections.get(name)
    if (found === undefined) throw new TypeError(`there was no ${name}`)
    return found
  }

  #add(name: string, collection: ModelCollection): void {
    if (this.#collections.has(name)) throw new TypeError(`there was a ${name} already`)
    this.#collections.set(name, collection)
  }
}

function stepRecords(first: number, number: number): readonly VectorRecord[] {
  return recordsOf(new SeededRandom(number), STEP_RECORDS, `step ${number}`, first)
}

function stepIds(first: number): readonly string[] {
  return Array.from({ length: STEP_RECORDS }, (_, offset) => idOf(first + offset))
}
