import { createHash } from 'node:crypto'
import { nextTurn } from './durable/next-turn.ts'
import type { Journal, OperationRecord } from './journal/journal.ts'
import { canonicalJson } from './model/canonical-json.ts'
import { type CollectionInfo, refOf } from './model/collection.ts'
import { HoldfastError, isHoldfastError } from './model/errors.ts'
import { CHECKPOINT_BATCH_RECORDS, OPERATION_RECORDS_MAX } from './model/limits.ts'
import { ManifestBuilder } from './model/manifest.ts'
import type { JsonObject, JsonValue, VectorRecord } from './model/record.ts'
import { cloneCollection } from './operation/clone-collection.ts'
import {
  type CollectionName,
  type NamedCollection,
  resolveCollection,
} from './operation/collection-name.ts'
import { deleteCollection } from './operation/delete-collection.ts'
import { deleteRecords } from './operation/delete-records.ts'
import type { Engine } from './operation/engine.ts'
import { type Deleted, findDelete } from './operation/find-delete.ts'
import { findReplay } from './operation/idempotency.ts'
import type { Operation } from './operation/operation.ts'
import {
  checkOptions,
  type DeleteOptions,
  type DryRunOption,
  type OperationOptions,
  type UndeleteOptions,
} from './operation/operation-options.ts'
import type {
  CloneResult,
  CollectionResult,
  DeleteRecordsResult,
  DryRun,
  OperationResult,
  RenameResult,
  UndeleteResult,
} from './operation/operation-result.ts'
import { putRecords } from './operation/put-records.ts'
import { recoverAll } from './operation/recover.ts'
import { renameByCopy } from './operation/rename-by-copy.ts'
import { renameCollection } from './operation/rename-collection.ts'
import { dryRunOperation, type RunOptions, runOperation } from './operation/run-operation.ts'
import {
  countKept,
  type UndeleteInput,
  undeleteCollection,
} from './operation/undelete-collection.ts'
import { type UndeleteRecordsInput, undeleteRecords } from './operation/undelete-records.ts'
import type { CallOptions } from './store/adapter.ts'

/** Two names of one collection: either the store's or, in Unicode, the display name. */
export interface Names {
  readonly from: CollectionName
  readonly to: string
}

/** Defaults that the manager gives. */
export interface OperationDefaults {
  readonly waitMs: number
  readonly keepForMs: number
}

/**
 * The changes that can't be left half done. Each call takes a lease, plans, keeps what may have to
 * come back, does it, verifies it, and only then destroys; when it throws, the error's `outcome`
 * tells where the data stands. `docs/guarantees.md` has every failure.
 */
export class TransactionalOperations {
  readonly #engine: Engine
  readonly #defaults: OperationDefaults
  readonly #track: <Result>(run: () => Promise<Result>) => Promise<Result>

  /**
   * Use `manager.operations`.
   * @param track runs a call, and refuses it when the manager is closed
   * @hidden
   */
  constructor(
    engine: Engine,
    defaults: OperationDefaults,
    track: <Result>(run: () => Promise<Result>) => Promise<Result>,
  ) {
    this.#engine = engine
    this.#defaults = defaults
    this.#track = track
  }

  /**
   * Drops a collection once all of its records are in a verified backup.
   * @throws COLLECTION_NOT_FOUND, COLLECTION_BUSY, COLLECTION_NAME_AMBIGUOUS, OPERATION_PENDING,
   * and those of the store, the directory and the engine in `docs/errors.md`
   */
  safeDeleteCollection(name: CollectionName, options: DeleteOptions & DryRunOption): Promise<DryRun>
  safeDeleteCollection(name: CollectionName, options?: DeleteOptions): Promise<CollectionResult>
  safeDeleteCollection(
    name: CollectionName,
    options: DeleteOptions & Partial<DryRunOption> = {},
  ): Promise<CollectionResult | DryRun> {
    return this.#run({
      operation: deleteCollection,
      described: () => ({ name: asJson(name) }),
      options,
      keepForMs: options.keepForMs ?? this.#defaults.keepForMs,
      input: async () => ({ collection: await this.#resolve(name, options) }),
    })
  }

  /**
   * Renames a collection: in one atomic step where the store can, else by copying aside, comparing
   * every record and then dropping the old one.
   * @throws COLLECTION_NOT_FOUND, COLLECTION_EXISTS, COLLECTION_NAME_INVALID, COLLECTION_BUSY, …
   */
  safeRenameCollection(names: Names, options: OperationOptions & DryRunOption): Promise<DryRun>
  safeRenameCollection(names: Names, options?: OperationOptions): Promise<RenameResult>
  safeRenameCollection(
    { from, to }: Names,
    options: OperationOptions & Partial<DryRunOption> = {},
  ): Promise<RenameResult | DryRun> {
    const { store } = this.#engine
    const call = {
      described: () => ({ from: asJson(from), to }),
      options,
      input: async () => ({ store, from: await this.#resolve(from, options), to }),
    }
    return store.renameCollection === undefined
      ? this.#run({ operation: renameByCopy, ...call })
      : this.#run({ operation: renameCollection, ...call })
  }

  /**
   * Copies a collection with all of its records under another name and compares every one.
   * @throws COLLECTION_NOT_FOUND, COLLECTION_EXISTS, COLLECTION_NAME_INVALID, COLLECTION_BUSY, …
   */
  safeCloneCollection(names: Names, options: OperationOptions & DryRunOption): Promise<DryRun>
  safeCloneCollection(names: Names, options?: OperationOptions): Promise<CloneResult>
  safeCloneCollection(
    { from, to }: Names,
    options: OperationOptions & Partial<DryRunOption> = {},
  ): Promise<CloneResult | DryRun> {
    const { store } = this.#engine
    return this.#run({
      operation: cloneCollection,
      described: () => ({ from: asJson(from), to }),
      options,
      input: async () => ({ store, from: await this.#resolve(from, options), to }),
    })
  }

  /**
   * Inserts or replaces up to 10,000 records: all of them or, after any failure, none.
   * @throws RECORD_INVALID, LIMIT_EXCEEDED, COLLECTION_NOT_FOUND, COLLECTION_BUSY, …
   */
  safePutRecords(
    collection: CollectionName,
    records: readonly VectorRecord[],
    options: OperationOptions & DryRunOption,
  ): Promise<DryRun>
  safePutRecords(
    collection: CollectionName,
    records: readonly VectorRecord[],
    options?: OperationOptions,
  ): Promise<CollectionResult>
  safePutRecords(
    name: CollectionName,
    records: readonly VectorRecord[],
    options: OperationOptions & Partial<DryRunOption> = {},
  ): Promise<CollectionResult | DryRun> {
    return this.#run({
      operation: putRecords,
      described: async () => {
        checkCount('records', records)
        return { name: asJson(name), records: await digestOf(records) }
      },
      options,
      input: async () => {
        checkCount('records', records)
        return { collection: await this.#resolve(name, options), records }
      },
    })
  }

  /**
   * Deletes up to 10,000 records once they are in a verified backup: all of them or none. Ids that
   * don't exist are no error.
   * @throws LIMIT_EXCEEDED, COLLECTION_NOT_FOUND, COLLECTION_BUSY, …
   */
  safeDeleteRecords(
    collection: CollectionName,
    ids: readonly string[],
    options: DeleteOptions & DryRunOption,
  ): Promise<DryRun>
  safeDeleteRecords(
    collection: CollectionName,
    ids: readonly string[],
    options?: DeleteOptions,
  ): Promise<DeleteRecordsResult>
  safeDeleteRecords(
    name: CollectionName,
    ids: readonly string[],
    options: DeleteOptions & Partial<DryRunOption> = {},
  ): Promise<DeleteRecordsResult | DryRun> {
    return this.#run({
      operation: deleteRecords,
      described: () => ({ name: asJson(name), ids: [...new Set(ids)].sort() }),
      options,
      keepForMs: options.keepForMs ?? this.#defaults.keepForMs,
      input: async () => {
        checkCount('ids', ids)
        return { collection: await this.#resolve(name, options), ids: [...new Set(ids)] }
      },
    })
  }

  /**
   * Takes a delete of a collection or of records back, as long as its undo window lasts. Records
   * that have been put again since are newer, and stay as they are.
   * @param operationId of the delete: in its result, its events, and the history
   * @throws OPERATION_NOT_FOUND, UNDELETE_UNAVAILABLE, COLLECTION_EXISTS, …
   */
  undelete(operationId: string, options: UndeleteOptions & DryRunOption): Promise<DryRun>
  undelete(operationId: string, options?: UndeleteOptions): Promise<UndeleteResult>
  async undelete(
    operationId: string,
    options: UndeleteOptions & Partial<DryRunOption> = {},
  ): Promise<UndeleteResult | DryRun> {
    const { store, journal } = this.#engine
    const { as: to } = options
    const earlier = await this.#track(() => findByKey(journal, options.idempotencyKey))
    // A repeated call is told what the first one was, also when the backups are gone by now.
    const isReplay =
      earlier?.kind === undeleteCollection.kind || earlier?.kind === undeleteRecords.kind
    const source = isReplay ? undefined : await this.#track(() => findDelete(journal, operationId))
    const look = async (): Promise<Deleted> => source ?? (await findDelete(journal, operationId))
    const kind = isReplay ? earlier?.kind : source?.kind
    const described = { operationId, ...(to === undefined ? {} : { to }) }
    if (kind === undeleteCollection.kind || kind === deleteCollection.kind) {
      const input = async (): Promise<UndeleteInput> => {
        const { collection, backupIds } = await look()
        const target = to === undefined ? {} : { to }
        return { store, deletedBy: operationId, collection, backupIds, ...target }
      }
      return this.#run({ operation: undeleteCollection, described, options, input })
    }
    if (to !== undefined && !isReplay) {
      throw new TypeError('`as` is for collections; records go back where they were.')
    }
    const input = async (): Promise<UndeleteRecordsInput> => {
      const { collection, backupIds } = await look()
      const named = await this.#resolveAgain(collection, options)
      // Said plainly when a crash came between dropping the backup and taking note of it.
      await countKept(this.#engine.backups, backupIds, operationId, options)
      const ids = await this.#idsIn(backupIds, options)
      return { deletedBy: operationId, collection: named, backupIds, ids }
    }
    return this.#run({ operation: undeleteRecords, described, options, input })
  }

  /** A collection that was itself deleted and brought back has its old name and another identity. */
  async #resolveAgain(collection: CollectionInfo, options: CallOptions): Promise<NamedCollection> {
    const { store } = this.#engine
    try {
      return await this.#resolve(refOf(collection), options)
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'COLLECTION_NOT_FOUND') throw error
      const { metric, dimension, name } = collection
      const now = await store.getCollection({ name }, options)
      const fits = now?.metric === metric && (now.dimension ?? dimension) === dimension
      if (now === undefined || !fits) throw error
      return { name, asked: name }
    }
  }

  /** A name may be missing only because an operation was left in the middle: that is ended first. */
  async #resolve(name: CollectionName, options: CallOptions): Promise<NamedCollection> {
    const { store, journal } = this.#engine
    checkName(name)
    try {
      return await resolveCollection(store, name, options)
    } catch (error) {
      const isMissing = isHoldfastError(error) && error.code === 'COLLECTION_NOT_FOUND'
      // A dry run changes nothing, also nothing that is open.
      const isDryRun = (options as Partial<DryRunOption>).dryRun === true
      if (!isMissing || isDryRun || (await journal.listOpen()).length === 0) throw error
      const { signal } = options
      await recoverAll(this.#engine, { waitMs: 0, ...(signal && { signal }) })
      signal?.throwIfAborted()
      return await resolveCollection(store, name, options)
    }
  }

  async #idsIn(backupIds: readonly string[], options: CallOptions): Promise<readonly string[]> {
    const ids: string[] = []
    for (const backupId of backupIds) {
      for await (const { records } of this.#engine.backups.read(backupId, options)) {
        for (const { id } of records) ids.push(id)
      }
    }
    return ids
  }

  #run<Result extends OperationResult, Input, Plan extends object>(
    call: Call<Input, Plan>,
  ): Promise<Result | DryRun> {
    const { operation, options } = call
    return this.#track(async () => {
      checkOptions(options)
      const runOptions = await this.#runOptions(call)
      if (options.dryRun) {
        return await dryRunOperation(this.#engine, operation, await call.input(), runOptions)
      }
      const replay = (): Promise<Result | undefined> =>
        findReplay(this.#engine.journal, operation.kind, runOptions.idempotency) as never
      // Before anything is looked up: what the first call has renamed or deleted is no more there.
      const earlier = await replay()
      if (earlier !== undefined) return earlier
      let input: Input
      try {
        input = await call.input()
      } catch (error) {
        const meanwhile = await replay()
        if (meanwhile !== undefined) return meanwhile
        throw error
      }
      return (await runOperation(this.#engine, operation, input, runOptions)) as Result
    })
  }

  async #runOptions<Input, Plan extends object>(call: Call<Input, Plan>): Promise<RunOptions> {
    const { signal, idempotencyKey, actor, waitMs = this.#defaults.waitMs } = call.options
    return {
      waitMs,
      keepForMs: call.keepForMs ?? 0,
      ...(signal === undefined ? {} : { signal }),
      ...(actor === undefined ? {} : { actor }),
      ...(idempotencyKey === undefined
        ? {}
        : { idempotency: { key: idempotencyKey, inputDigest: await inputDigest(call.described) } }),
    }
  }
}

interface Call<Input, Plan extends object> {
  readonly operation: Operation<Input, Plan>
  /** What was asked for, to tell whether an idempotency key is used for the same thing again. */
  readonly described: Described
  readonly options: OperationOptions & Partial<DryRunOption>
  readonly keepForMs?: number
  /** Looks up what the caller has named. */
  readonly input: () => Promise<Input>
}

async function findByKey(
  journal: Journal,
  key: string | undefined,
): Promise<OperationRecord | undefined> {
  return key === undefined ? undefined : journal.findByIdempotencyKey(key)
}

function checkName(name: CollectionName | undefined): void {
  if (typeof name === 'string' || typeof name?.name === 'string') return
  throw new TypeError(
    `A collection is given by its name or as { name, id }; got ${String(name)}. Renames and clones ` +
      'take one object { from, to }.',
  )
}

function checkCount(what: string, items: readonly unknown[]): void {
  if (!Array.isArray(items)) throw new TypeError(`The ${what} must be an array.`)
  if (items.length <= OPERATION_RECORDS_MAX) return
  throw new HoldfastError(
    'LIMIT_EXCEEDED',
    `One operation takes ${OPERATION_RECORDS_MAX} ${what} at most; got ${items.length}. Split them ` +
      'into several calls: each is all or nothing by itself.',
    { outcome: 'unchanged', retryable: false, details: { count: items.length } },
  )
}

function asJson(name: CollectionName): JsonValue {
  return typeof name === 'string' ? name : { ...refOf(name) }
}

/** In turns, since hashing all of them takes longer than the host can wait. */
async function digestOf(records: readonly VectorRecord[]): Promise<string> {
  const manifest = new ManifestBuilder()
  for (let start = 0; start < records.length; start += CHECKPOINT_BATCH_RECORDS) {
    manifest.addAll(records.slice(start, start + CHECKPOINT_BATCH_RECORDS))
    await nextTurn()
  }
  return manifest.build().digest
}

async function inputDigest(described: Described): Promise<string> {
  const json = canonicalJson(typeof described === 'function' ? await described() : described)
  return createHash('sha256').update(json).digest('hex')
}

type Described = JsonObject | (() => JsonObject | Promise<JsonObject>)
