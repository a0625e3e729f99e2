/**
 * @typedef {import('@holdfast/core').VectorStoreAdapter} VectorStoreAdapter
 * @typedef {import('./stops.mjs').Stops} Stops
 *
 * @typedef {object} StoppingStoreOptions
 * @property {Stops} stops
 * @property {number} batchRecordsMax
 * @property {boolean} nativeRename
 * @property {() => void} onEffect called before each change
 */

/**
 * A real store, on which a process can be stopped at each change.
 *
 * @param {VectorStoreAdapter} store
 * @param {StoppingStoreOptions} options
 * @returns {VectorStoreAdapter}
 */
export function stoppingStore(store, { stops, batchRecordsMax, nativeRename, onEffect }) {
  /** @type {<Result>(name: string, run: () => Promise<Result>) => Promise<Result>} */
  const effect = (name, run) =>
    stops.effect('store', name, () => {
      onEffect()
      return run()
    })
  const { renameCollection } = store
  return {
    name: store.name,
    traits: { ...store.traits, batchRecordsMax },
    listCollections: (options) => store.listCollections(options),
    getCollection: (ref, options) => store.getCollection(ref, options),
    createCollection: (spec, options) =>
      effect('createCollection', () => store.createCollection(spec, options)),
    dropCollection: (ref, options) =>
      effect('dropCollection', () => store.dropCollection(ref, options)),
    countRecords: (ref, options) => store.countRecords(ref, options),
    readRecords: (ref, options) => store.readRecords(ref, options),
    readIds: (ref, options) => store.readIds(ref, options),
    getRecords: (ref, ids, options) => store.getRecords(ref, ids, options),
    putRecords: (ref, records, options) =>
      effect('putRecords', () => store.putRecords(ref, records, options)),
    deleteRecords: (ref, ids, options) =>
      effect('deleteRecords', () => store.deleteRecords(ref, ids, options)),
    search: (ref, query, options) => store.search(ref, query, options),
    engineVersion: (options) => store.engineVersion(options),
    recordProblem: (record) => store.recordProblem?.(record),
    ...(nativeRename && renameCollection !== undefined
      ? {
          renameCollection: (change, options) =>
            effect('renameCollection', () => renameCollection.call(store, change, options)),
        }
      : {}),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
