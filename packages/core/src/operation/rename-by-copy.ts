import { type CollectionInfo, type CollectionSpec, refOf } from '../model/collection.ts'
import { HoldfastError } from '../model/errors.ts'
import { type CloneInput, type ClonePlan, cloneCollection } from './clone-collection.ts'
import { copyMissing } from './copy-records.ts'
import { countOf } from './count-of.ts'
import type { Operation } from './operation.ts'

/**
 * Renames in a store that can't: copies aside, compares every record, and drops the old collection
 * once the copy is on record as verified. Whoever writes to the old name while this runs, and not
 * through the SDK, can lose what was written after the comparison.
 */
export const renameByCopy: Operation<CloneInput, ClonePlan> = {
  ...cloneCollection,
  kind: 'collection:rename-by-copy',

  summarize(plan) {
    const { from, recordCount } = plan
    return {
      ...cloneCollection.summarize(plan),
      destroys: [
        `Drops "${from.name}" with its ${countOf(recordCount, 'record')}, once the copy is verified.`,
      ],
    }
  },

  async commit({ store, verification }, { from, to }) {
    const source = refOf(from)
    if ((await store.getCollection(source)) === undefined) return
    const target = await store.getCollection({ name: to.name })
    if (target === undefined) throw copyGone(from, to)
    // After a crash much time may have passed: carry over what was added since, so that what is
    // dropped is nowhere the only copy.
    const verified = verification?.recordsChecked
    const sourceCount = await store.countRecords(source)
    const targetCount = await store.countRecords(refOf(target))
    if (sourceCount !== verified || targetCount !== verified) {
      await copyMissing(store, store.readRecords(source), refOf(target), {})
      const copied = await store.countRecords(refOf(target))
      const missing = (await store.countRecords(source)) - copied
      if (missing > 0) throw copyIncomplete(from, to, missing)
    }
    await store.dropCollection(source)
  },

  result({ from, to }) {
    return { from: from.name, to: to.name }
  },

  changes({ from, to }) {
    return [{ type: 'collection:renamed', collection: { name: to.name }, from: refOf(from) }]
  },
}

/** A store, or what is before it, that hides records from whoever reads them all still counts them. */
function copyIncomplete(from: CollectionInfo, to: CollectionSpec, missing: number): HoldfastError {
  return new HoldfastError(
    'VERIFICATION_FAILED',
    `"${from.name}" counts ${countOf(missing, 'record')} more than its copy "${to.name}", so it is ` +
      'not dropped. Recovery tries again. When nobody is writing to it, look whether the store, or ' +
      'a proxy before it, hides records.',
    { outcome: 'committed', retryable: true, details: { from: from.name, to: to.name, missing } },
  )
}

function copyGone(from: CollectionInfo, to: CollectionSpec): HoldfastError {
  return new HoldfastError(
    'VERIFICATION_FAILED',
    `The verified copy "${to.name}" of "${from.name}" is gone, so "${from.name}" is not dropped. If ` +
      'that is meant, give the operation up with `manager.abandon`.',
    { outcome: 'committed', retryable: false, details: { from: from.name, to: to.name } },
  )
}
