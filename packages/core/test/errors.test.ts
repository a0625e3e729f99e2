import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type ConsistencyManager,
  type ConsistencyManagerOptions,
  openConsistencyManager,
} from '../src/consistency-manager.ts'
import { AppendOnlyLog } from '../src/durable/append-only-log.ts'
import { DirectoryLock } from '../src/durable/directory-lock.ts'
import { nodeFileSystem } from '../src/durable/node-file-system.ts'
import { type ErrorCode, HoldfastError, type Outcome } from '../src/model/errors.ts'
import type { VectorRecord } from '../src/model/record.ts'
import { FaultPlan, type FaultPlanOptions } from '../src/testing/fault-plan.ts'
import { MemoryFileSystem } from '../src/testing/memory-file-system.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import { SimulatedClock } from '../src/testing/simulated-clock.ts'
import { withFaults } from '../src/testing/with-faults.ts'
import { Storage } from './operation/storage.ts'

/** One test for each row of `docs/errors.md`. */

let directory: string
let store: MemoryStore
let open: ConsistencyManager[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-errors-'))
  store = new MemoryStore()
  open = []
  await store.createCollection({ name: 'docs', metric: 'cosine', dimension: 2 })
  await store.putRecords({ name: 'docs' }, [record('a'), record('b')])
})

afterEach(async () => {
  for (const manager of open) await manager.close()
  await rm(directory, { recursive: true, force: true })
})

function record(id: string, vector: readonly number[] = [1, 2]): VectorRecord {
  return { id, vector: Float32Array.from(vector) }
}

async function manage(
  options: Partial<ConsistencyManagerOptions> = {},
): Promise<ConsistencyManager> {
  const manager = await openConsistencyManager({
    store,
    directory,
    waitMs: 0,
    retryDelayMs: 1,
    ...options,
  })
  open.push(manager)
  return manager
}

/** A manager whose store fails as planned. */
function manageFaulty(
  plan: FaultPlanOptions & { readonly on: string },
): Promise<ConsistencyManager> {
  const { on, ...options } = plan
  let faults: FaultPlan | undefined
  const faulty = new Proxy(store, {
    get(target, key) {
      const part = faults === undefined ? target : withFaults(target, faults)
      const value: unknown = Reflect.get(part, key, part)
      if (typeof value !== 'function') return value
      return (...values: unknown[]): unknown => {
        if (key === on) faults ??= new FaultPlan({ at: 0, reads: true, ...options })
        const now = faults === undefined ? target : withFaults(target, faults)
        return Reflect.apply(Reflect.get(now, key, now) as () => unknown, now, values)
      }
    },
  })
  return manage({ store: faulty })
}

/** What rejects, with the code, the outcome and advice that its row promises. */
async function expectError(
  attempt: Promise<unknown>,
  code: ErrorCode,
  outcome: Outcome,
  retryable: boolean,
): Promise<HoldfastError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HoldfastError)
  const { code: got, outcome: stands, retryable: again, message } = error as HoldfastError
  expect({ code: got, outcome: stands, retryable: again }).toEqual({ code, outcome, retryable })
  // What happened, and what to do about it.
  expect(message.split(/[.:;] /).length, message).toBeGreaterThan(1)
  return error as HoldfastError
}

describe('what was asked for cannot be done', () => {
  it('COLLECTION_NOT_FOUND: nothing has this name', async () => {
    const { operations } = await manage()
    await expectError(
      operations.safeDeleteCollection('dogs'),
      'COLLECTION_NOT_FOUND',
      'unchanged',
      false,
    )
    const rename = operations.safeRenameCollection({ from: 'dogs', to: 'cats' })
    await expectError(rename, 'COLLECTION_NOT_FOUND', 'unchanged', false)
    const put = operations.safePutRecords('dogs', [record('a')])
    await expectError(put, 'COLLECTION_NOT_FOUND', 'unchanged', false)
  })

  it('COLLECTION_EXISTS: the new name is taken', async () => {
    const { operations } = await manage()
    await store.createCollection({ name: 'papers', metric: 'cosine', dimension: 2 })
    const names = { from: 'docs', to: 'papers' }
    await expectError(
      operations.safeRenameCollection(names),
      'COLLECTION_EXISTS',
      'unchanged',
      false,
    )
    await expectError(
      operations.safeCloneCollection(names),
      'COLLECTION_EXISTS',
      'unchanged',
      false,
    )
    await store.createCollection({ name: 'x', metric: 'dot', metadata: { original_name: 'Ü' } })
    const display = operations.safeRenameCollection({ from: 'docs', to: 'Ü' })
    await expectError(display, 'COLLECTION_EXISTS', 'unchanged', false)
  })

  it.each(['', 'x'.repeat(513), 'a\u0000b', '\ud800'])(
    'COLLECTION_NAME_INVALID: %j',
    async (to) => {
      const { operations } = await manage()
      const rename = operations.safeRenameCollection({ from: 'docs', to })
      await expectError(rename, 'COLLECTION_NAME_INVALID', 'unchanged', false)
    },
  )

  it('COLLECTION_NAME_AMBIGUOUS: several have this display name', async () => {
    const { operations } = await manage()
    const metadata = { original_name: 'Verträge' }
    await store.createCollection({ name: 'one', metric: 'cosine', metadata })
    await store.createCollection({ name: 'two', metric: 'cosine', metadata })
    const error = await expectError(
      operations.safeDeleteCollection('Verträge'),
      'COLLECTION_NAME_AMBIGUOUS',
      'unchanged',
      false,
    )
    expect(error.details['storeNames']).toEqual(['one', 'two'])
  })

  it('COLLECTION_BUSY: another operation holds the collection', async () => {
    const { operations } = await manage()
    const first = operations.safeDeleteCollection('docs')
    const second = operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    await expectError(second, 'COLLECTION_BUSY', 'unchanged', true)
    await first
  })

  it.each([
    ['a wrong dimension', record('c', [1, 2, 3])],
    ['NaN', record('c', [1, Number.NaN])],
    ['infinity', record('c', [1, Number.POSITIVE_INFINITY])],
    ['a zero vector under cosine', record('c', [0, 0])],
    ['an empty id', record('')],
    ['half of a surrogate pair', { ...record('c'), text: '\udc00' }],
  ])('RECORD_INVALID: %s', async (_, wrong) => {
    const { operations } = await manage()
    const before = store.snapshot()
    const put = operations.safePutRecords('docs', [record('fine'), wrong])
    await expectError(put, 'RECORD_INVALID', 'unchanged', false)
    expect(store.snapshot()).toEqual(before)
  })

  it('LIMIT_EXCEEDED: too many records, or an id that is too long', async () => {
    const { operations } = await manage()
    const many = Array.from({ length: 10_001 }, (_, index) => record(`r${index}`))
    await expectError(operations.safePutRecords('docs', many), 'LIMIT_EXCEEDED', 'unchanged', false)
    const long = operations.safePutRecords('docs', [record('x'.repeat(600))])
    await expectError(long, 'LIMIT_EXCEEDED', 'unchanged', false)
  })

  it('IDEMPOTENCY_KEY_REUSED: the key was used for something else', async () => {
    const { operations } = await manage()
    await operations.safeRenameCollection({ from: 'docs', to: 'papers' }, { idempotencyKey: 'k' })
    const other = operations.safeDeleteCollection('papers', { idempotencyKey: 'k' })
    await expectError(other, 'IDEMPOTENCY_KEY_REUSED', 'unchanged', false)
    const wrongTarget = { from: 'docs', to: 'essays' }
    const again = operations.safeRenameCollection(wrongTarget, { idempotencyKey: 'k' })
    await expectError(again, 'IDEMPOTENCY_KEY_REUSED', 'unchanged', false)
  })

  it('OPERATION_NOT_FOUND: the history knows no such operation', async () => {
    const manager = await manage()
    await expectError(manager.operations.undelete('no'), 'OPERATION_NOT_FOUND', 'unchanged', false)
    await expectError(manager.abandon('no', 'test'), 'OPERATION_NOT_FOUND', 'unchanged', false)
  })

  it('OPERATION_PENDING: an earlier operation could not be ended yet', async () => {
    const manager = await manageFaulty({
      on: 'dropCollection',
      times: Number.POSITIVE_INFINITY,
      retryable: false,
    })
    const deleted = manager.operations.safeDeleteCollection('docs')
    await expectError(deleted, 'COMMIT_PENDING', 'committed', false)
    const error = await expectError(
      manager.operations.safeRenameCollection({ from: 'docs', to: 'papers' }),
      'OPERATION_PENDING',
      'unchanged',
      true,
    )
    await manager.abandon(String(error.details['operationId']), 'test')
    await manager.operations.safeRenameCollection({ from: 'docs', to: 'papers' })
  })

  it('UNDELETE_UNAVAILABLE: not a delete, or its window has passed', async () => {
    const { operations } = await manage({ keepForMs: 0 })
    const renamed = await operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    const undoRename = operations.undelete(renamed.operationId)
    await expectError(undoRename, 'UNDELETE_UNAVAILABLE', 'unchanged', false)
    const deleted = await operations.safeDeleteCollection('papers')
    const undoDelete = operations.undelete(deleted.operationId)
    await expectError(undoDelete, 'UNDELETE_UNAVAILABLE', 'unchanged', false)
  })
})

describe('the store', () => {
  it('STORE_UNAVAILABLE: it can not be reached', async () => {
    const { operations } = await manageFaulty({
      on: 'getCollection',
      times: Number.POSITIVE_INFINITY,
      reach: 'part',
    })
    const rename = operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    await expectError(rename, 'STORE_UNAVAILABLE', 'unchanged', true)
  })

  it('STORE_TIMEOUT: it gives no answer', async () => {
    const silent = new Proxy(store, {
      get: (target, key) =>
        key === 'countRecords'
          ? () => new Promise(() => {})
          : typeof Reflect.get(target, key, target) === 'function'
            ? (Reflect.get(target, key, target) as () => void).bind(target)
            : Reflect.get(target, key, target),
    })
    const { operations } = await manage({ store: silent, callTimeoutMs: 20, attemptsMax: 2 })
    const deleted = operations.safeDeleteCollection('docs')
    await expectError(deleted, 'STORE_TIMEOUT', 'unchanged', true)
  })

  it('STORE_REJECTED: the adapter fails in a way that nobody has foreseen', async () => {
    const broken = new Proxy(store, {
      get: (target, key) =>
        key === 'countRecords'
          ? () => Promise.reject(new Error('secret of the store'))
          : typeof Reflect.get(target, key, target) === 'function'
            ? (Reflect.get(target, key, target) as () => void).bind(target)
            : Reflect.get(target, key, target),
    })
    const { operations } = await manage({ store: broken })
    const error = await expectError(
      operations.safeDeleteCollection('docs'),
      'STORE_REJECTED',
      'unchanged',
      false,
    )
    expect(error.message).not.toContain('secret')
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('STORE_MISMATCH: the directory belongs to another store', async () => {
    await (await manage()).close()
    const other = new MemoryStore({ name: 'memory:other' })
    await expectError(manage({ store: other }), 'STORE_MISMATCH', 'unchanged', false)
  })
})

describe('the operation', () => {
  it('VERIFICATION_FAILED: the result is not what it should be', async () => {
    const losing = new MemoryStore({ data: store.data, rename: false })
    const put = losing.putRecords.bind(losing)
    losing.putRecords = (ref, records, options) => put(ref, records.slice(1), options)
    const { operations } = await manage({ store: losing })
    const before = store.snapshot()
    const clone = operations.safeCloneCollection({ from: 'docs', to: 'papers' })
    await expectError(clone, 'VERIFICATION_FAILED', 'rolled-back', true)
    expect(store.snapshot()).toEqual(before)
  })

  it('ROLLBACK_PENDING: it failed and could not be undone yet', async () => {
    const manager = await manageFaulty({
      on: 'putRecords',
      fault: 'partial',
      times: Number.POSITIVE_INFINITY,
      reach: 'part',
      retryable: false,
    })
    const clone = manager.operations.safeCloneCollection({ from: 'docs', to: 'papers' })
    await expectError(clone, 'ROLLBACK_PENDING', 'unknown', false)
    await manager.close()
    const { recovered } = await manage()
    expect(recovered.map(({ outcome }) => outcome)).toEqual(['rolled-back'])
    expect(Object.keys(store.snapshot())).toEqual(['docs'])
  })

  it('COMMIT_PENDING: it is decided and could not be finished yet', async () => {
    const manager = await manageFaulty({
      on: 'dropCollection',
      times: Number.POSITIVE_INFINITY,
      retryable: false,
    })
    const deleted = manager.operations.safeDeleteCollection('docs')
    await expectError(deleted, 'COMMIT_PENDING', 'committed', false)
    await manager.close()
    const { recovered } = await manage()
    expect(recovered.map(({ outcome }) => outcome)).toEqual(['committed'])
    expect(store.snapshot()).toEqual({})
  })

  it('MANAGER_CLOSED: it was closed before', async () => {
    const manager = await manage()
    await manager.close()
    await manager.close()
    const rename = manager.operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    await expectError(rename, 'MANAGER_CLOSED', 'unchanged', false)
    await expectError(manager.history(), 'MANAGER_CLOSED', 'unchanged', false)
  })
})

describe('the directory', () => {
  it('DIRECTORY_UNUSABLE: the disk is full', async () => {
    const fileSystem = new MemoryFileSystem()
    const { operations } = await manage({ parts: { fileSystem } })
    const before = store.snapshot()
    fileSystem.capacityBytes = 0
    const rename = operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    const error = await expectError(rename, 'DIRECTORY_UNUSABLE', 'unchanged', true)
    expect(error.details['reason']).toBe('ENOSPC')
    expect(store.snapshot()).toEqual(before)
    fileSystem.capacityBytes = Number.POSITIVE_INFINITY
    await operations.safeRenameCollection({ from: 'docs', to: 'papers' })
  })

  it('DIRECTORY_UNUSABLE: the disk fills up in the middle of an operation', async () => {
    const fileSystem = new MemoryFileSystem()
    const manager = await manage({ parts: { fileSystem } })
    const before = store.snapshot()
    manager.on('operation:planned', () => {
      fileSystem.capacityBytes = 0
    })
    const deleted = manager.operations.safeDeleteCollection('docs')
    await expectError(deleted, 'DIRECTORY_UNUSABLE', 'rolled-back', true)
    expect(store.snapshot()).toEqual(before)
  })

  it('DIRECTORY_UNUSABLE: read-only', async () => {
    const fileSystem = new MemoryFileSystem()
    fileSystem.readOnly = true
    const opening = manage({ parts: { fileSystem } })
    const error = await expectError(opening, 'DIRECTORY_UNUSABLE', 'unchanged', false)
    expect(error.details['reason']).toBe('EROFS')
  })

  it('DIRECTORY_UNUSABLE: a file is in the way', async () => {
    const path = join(directory, 'file')
    await writeFile(path, '')
    await expectError(manage({ directory: path }), 'DIRECTORY_UNUSABLE', 'unchanged', false)
  })

  it('DIRECTORY_BUSY: another process holds the lock', async () => {
    const path = join(directory, 'lock')
    const held = await new DirectoryLock({ path }).acquire({ waitMs: 0 })
    const second = new DirectoryLock({ path }).acquire({ waitMs: 0 })
    await expectError(second, 'DIRECTORY_BUSY', 'unchanged', true)
    await held.release()
  })

  it('LEASE_LOST: another process has taken over meanwhile', async () => {
    const clock = new SimulatedClock({ selfAdvancing: true })
    const storage = new Storage(clock, new SeededRandom(1))
    const slept = (await storage.open()).journal
    await slept.acquire(['collection:docs'], { waitMs: 0 })
    // To those who start later, the first one is dead.
    const later = new Storage(clock, new SeededRandom(2), storage.disk, 1)
    const { journal } = await later.open()
    await journal.acquire(['collection:docs'], { waitMs: 0 })
    const entry = { type: 'executed', operationId: 'x', at: 0 } as const
    await expectError(slept.append(entry), 'LEASE_LOST', 'unchanged', false)
  })

  it('JOURNAL_DAMAGED: a byte in the middle is another one', async () => {
    const manager = await manage()
    await manager.operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    await manager.close()
    const path = join(directory, 'journal', 'journal.log')
    const bytes = await readFile(path)
    bytes[200] = (bytes[200] as number) ^ 1
    await writeFile(path, bytes)
    await expectError(manage(), 'JOURNAL_DAMAGED', 'unchanged', false)
    expect(await readFile(path)).toEqual(bytes)
  })

  it('JOURNAL_DAMAGED: a tail that a crash has torn is no damage', async () => {
    const manager = await manage()
    await manager.operations.safeRenameCollection({ from: 'docs', to: 'papers' })
    await manager.close()
    const path = join(directory, 'journal', 'journal.log')
    await truncate(path, (await readFile(path)).length - 7)
    const { recovered } = await manage()
    expect(recovered.map(({ outcome }) => outcome)).toEqual(['committed'])
  })

  it('JOURNAL_VERSION_NEWER: a later version has written it', async () => {
    const newer = { format: 'holdfast-journal', version: 2, payloadBytesMax: 100 }
    await nodeFileSystem.makeDirectory(join(directory, 'journal'))
    const path = join(directory, 'journal', 'journal.log')
    await (await AppendOnlyLog.open(nodeFileSystem, path, newer)).close()
    await expectError(manage(), 'JOURNAL_VERSION_NEWER', 'unchanged', false)
  })

  it('BACKUP_NOT_FOUND and BACKUP_DAMAGED: what was kept is gone, or another', async () => {
    const { operations } = await manage()
    const deleted = await operations.safeDeleteCollection('docs')
    const backups = join(directory, 'backups')
    const [records = ''] = (await readdir(backups)).filter((name) => !name.endsWith('.json'))
    const bytes = await readFile(join(backups, records))
    const middle = Math.floor(bytes.length / 2)
    bytes[middle] = (bytes[middle] as number) ^ 1
    await writeFile(join(backups, records), bytes)
    const undelete = operations.undelete(deleted.operationId)
    await expectError(undelete, 'BACKUP_DAMAGED', 'rolled-back', false)
    expect(store.snapshot()).toEqual({})
    await rm(join(backups, records))
    const error = await operations.undelete(deleted.operationId).catch((reason) => reason)
    expect(['BACKUP_NOT_FOUND', 'BACKUP_DAMAGED']).toContain((error as HoldfastError).code)
    expect(store.snapshot()).toEqual({})
  })
})
