import { refOf } from '../model/collection.ts'
import { type CloneInput, type ClonePlan, cloneCollection } from './clone-collection.ts'
import { copyMissing } from './copy-records.ts'
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
        `Drops "${from.name}" with its ${recordCount} records, once the copy is verified.`,
      ],
    }
  },

  async commit({ store, verification }, { from, to }) {
    const source = refOf(from)
    if ((await store.getCollection(source)) === undefined) return
    // After a crash much time may have passed: carry over what was added since.
    if ((await store.countRecords(source)) !== verification?.recordsChecked) {
      await copyMissing(store, store.readRecords(source), { name: to.name }, {})
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
