/**
 * Defects that somebody could make with good intentions, each as exact text to be replaced in
 * `packages/core/src`, with the tests that must notice it.
 *
 * @typedef {object} Edit
 * @property {string} file below `packages/core/src`
 * @property {string} from exactly once in the file
 * @property {string} to
 *
 * @typedef {object} Defect
 * @property {string} name
 * @property {string} danger what a user would lose
 * @property {readonly Edit[]} edits
 * @property {readonly string[]} tests below `packages/core/test`
 * @property {string} [only] part of a test's title, to keep the run short
 */

const RUN = 'operation/run-operation.ts'
const ONE_STORE = "rename: false, identity: 'id'.*"

/** @type {readonly Defect[]} */
export const DEFECTS = [
  {
    name: 'the verified entry is appended where failures are rolled back',
    danger: 'a lost acknowledgement undoes what recovery then commits',
    edits: [
      {
        file: RUN,
        from: '      await build(engine, operation, input, work, timer, signal)\n',
        to: `      await build(engine, operation, input, work, timer, signal)
      const verification = work.verification as Verification
      await record(engine, work, { type: 'verified', verification })\n`,
      },
      { file: RUN, from: '    await passTheLine(engine, operation, work)\n', to: '' },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'rename'`,
  },
  {
    name: 'commit runs before the verified entry is durable',
    danger: 'a collection is dropped and the delete then called rolled back',
    edits: [
      {
        file: RUN,
        from: '    await passTheLine(engine, operation, work)\n',
        to: `    await operation.commit({ ...context, notes: work.notes }, plan, checkpointOf(work))
    await passTheLine(engine, operation, work)\n`,
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'delete'`,
  },
  {
    name: 'recovery commits what was only executed',
    danger: 'an unverified copy replaces the original',
    edits: [
      {
        file: 'operation/recover.ts',
        from: "open.state === 'verified' ?",
        to: "open.state === 'verified' || open.state === 'executed' ?",
      },
    ],
    tests: ['operation/foreign-writers.test.ts', 'operation/every-fault.test.ts'],
    only: 'put',
  },
  {
    name: 'recovery undoes what was verified',
    danger: 'a delete that has dropped the collection is called rolled back, its backup removed',
    edits: [
      {
        file: 'operation/recover.ts',
        from: "open.state === 'verified' ? 'committed' : 'rolled-back'",
        to: "(open.state as string) === 'never' ? 'committed' : 'rolled-back'",
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'delete'`,
  },
  {
    name: 'a copy is left behind by the rollback',
    danger: 'half a collection stays under the new name',
    edits: [
      {
        file: 'operation/created-collection.ts',
        from: 'if (created !== undefined) return await context.store.dropCollection(created)',
        to: 'if (created !== undefined) return',
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'clone'`,
  },
  {
    name: 'a rollback drops what it has not created',
    danger: 'a collection that somebody else has made meanwhile is dropped',
    edits: [
      {
        file: 'operation/created-collection.ts',
        from: '  if ((await context.store.countRecords(refOf(found))) > 0) return\n',
        to: '',
      },
    ],
    tests: ['operation/foreign-writers.test.ts'],
  },
  {
    name: 'execution begins before the checkpoint is taken',
    danger: 'the records to go back to are those that were just written',
    edits: [
      {
        file: RUN,
        from: "  const checkpoint = await timer.time('checkpoint', () =>",
        to: `  await operation.execute(context, plan, { parts: [] }, input)
  const checkpoint = await timer.time('checkpoint', () =>`,
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'put'`,
  },
  {
    name: 'a delete drops above the line',
    danger: 'a failed verification leaves nothing to go back to',
    edits: [
      {
        file: 'operation/delete-collection.ts',
        from: '  async execute() {},',
        to: `  async execute({ store }, { collection }) {
    await store.dropCollection(refOf(collection))
  },`,
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'delete'`,
  },
  {
    name: 'a delete compares numbers of records instead of the records',
    danger: 'one that was added while another was deleted is dropped without a backup',
    edits: [
      {
        file: 'operation/delete-collection.ts',
        from: '    if (live.digest() === part.idDigest && live.count === count) return\n',
        to: '    if (live.count === part.manifest.count) return\n',
      },
    ],
    tests: ['operation/foreign-writers.test.ts'],
  },
  {
    name: 'a process that was taken over rolls back all the same',
    danger: 'what its successor has built on the operation is undone',
    edits: [
      {
        file: 'operation/end-operation.ts',
        from: `    await engine.journal.assertHeld()
    await operation.rollback(`,
        to: '    await operation.rollback(',
      },
    ],
    tests: ['operation/taken-over.test.ts'],
  },
  {
    name: 'a delete does not look again before it drops',
    danger: 'records written after a crash are dropped without a backup',
    edits: [
      {
        file: 'operation/delete-collection.ts',
        from: '    if (context.isStale()) await keepNewRecords(context, collection, checkpoint)\n',
        to: '',
      },
    ],
    tests: ['operation/foreign-writers.test.ts'],
  },
  {
    name: 'a delete does not ask how many records there are',
    danger: 'records that a proxy hides from the walk are dropped without a backup',
    edits: [
      {
        file: 'operation/delete-collection.ts',
        from: ' && live.count === count) return',
        to: ') return',
      },
    ],
    tests: ['operation/foreign-writers.test.ts'],
  },
  {
    name: 'the journal is published before it is read',
    danger: 'what is appended meanwhile is forgotten, and recovery undoes what was decided',
    edits: [
      {
        file: 'journal/file-journal.ts',
        from: `    this.#log = undefined
    try {
      await log.refresh()`,
        to: `    this.#log = log
    try {
      await log.refresh()`,
      },
    ],
    tests: ['journal/read-again.test.ts'],
  },
  {
    name: 'a put is undone over what others have written since',
    danger: 'their records are replaced by older ones',
    edits: [
      {
        file: 'operation/put-records.ts',
        from: 'if (isOurs) ours.push(now)',
        to: 'if (isOurs || !isOurs) ours.push(now)',
      },
    ],
    tests: ['operation/foreign-writers.test.ts'],
  },
  {
    name: 'a request without an answer counts as settled',
    danger: 'a caller is told "rolled back", and then the rename lands',
    edits: [
      {
        file: 'operation/end-operation.ts',
        from: '  if (isUnanswered(failure)) {',
        to: '  if (isUnanswered(failure) && work.keepForMs < 0) {',
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: "rename: true, identity: 'id'.*'rename'",
  },
  {
    name: 'cleaning up may fail the operation',
    danger: 'a change that is done is reported as failed',
    edits: [
      {
        file: 'operation/engine.ts',
        from: "    engine.events.emit('cleanup:failed', { at: engine.clock.now(), what, error })",
        to: "    engine.events.emit('cleanup:failed', { at: engine.clock.now(), what, error })\n    throw error",
      },
    ],
    tests: ['operation/every-fault.test.ts'],
    only: `${ONE_STORE}'delete'`,
  },
  {
    name: 'entries after the last one are believed',
    danger: 'a late entry brings a finished operation back to life',
    edits: [
      {
        file: 'journal/fold-journal.ts',
        from: '  if (isEnded(before)) return before\n',
        to: '',
      },
    ],
    tests: ['journal/file-journal.conformance.test.ts'],
  },
  {
    name: 'a lease is kept when the directory lock can not be had',
    danger: 'a collection stays busy for ever',
    edits: [
      {
        file: 'journal/file-journal.ts',
        from: '      release()\n      throw error',
        to: '      throw error',
      },
    ],
    tests: ['journal/file-journal.conformance.test.ts'],
  },
  {
    name: 'journal entries are not synced',
    danger: 'after a power cut the line was never passed, and the collection is gone',
    edits: [
      {
        file: 'durable/append-only-log.ts',
        from: '        await handle.append(bytes)\n        await handle.sync()\n',
        to: '        await handle.append(bytes)\n',
      },
    ],
    tests: ['durable/append-only-log.test.ts'],
  },
  {
    name: 'a small file is renamed before its content is synced',
    danger: 'after a power cut the manifest of a backup is empty',
    edits: [{ file: 'durable/atomic-write.ts', from: '      await handle.sync()\n', to: '' }],
    tests: ['durable/atomic-write.test.ts'],
  },
  {
    name: 'the directory is not synced after a rename',
    danger: 'after a power cut a backup that was acknowledged is not there',
    edits: [
      {
        file: 'durable/atomic-write.ts',
        from: '  await fs.syncDirectory(dirname(path))\n',
        to: '',
      },
    ],
    tests: ['durable/atomic-write.test.ts'],
  },
  {
    name: "a backup's manifest is written before its records are synced",
    danger: 'after a power cut a backup is listed that can not be read',
    edits: [
      {
        file: 'backup/records-writer.ts',
        from: '    await onDisk(this.#path, () => this.#handle.sync())\n',
        to: '',
      },
    ],
    tests: ['backup/backup-crash.test.ts'],
  },
  {
    name: 'damage in the middle of the journal is cut off like a torn tail',
    danger: 'operations that were acknowledged vanish from the journal',
    edits: [
      {
        file: 'durable/judge-tail.ts',
        from: '  if (wrong !== undefined) return wrong\n',
        to: '  if (wrong !== undefined) return undefined\n',
      },
    ],
    tests: ['durable/torn-or-damaged.test.ts'],
  },
  {
    name: 'a silent process counts as dead at once',
    danger: 'two processes change one collection at the same time',
    edits: [
      {
        file: 'durable/directory-lock.ts',
        from: "return found === 'dead' || (found === 'unknown' && this.#isSilent(state))",
        to: "return found !== 'alive' || this.#isSilent(state)",
      },
    ],
    tests: ['durable/directory-lock.test.ts'],
  },
]
