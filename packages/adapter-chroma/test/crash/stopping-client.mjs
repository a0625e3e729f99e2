/**
 * @typedef {import('chromadb').ChromaClient} ChromaClient
 * @typedef {import('./stops.mjs').Stops} Stops
 */

const CHANGES = new Set([
  'createCollection',
  'deleteCollection',
  'upsert',
  'update',
  'delete',
  'modify',
])

/**
 * A real client, whose process can be stopped at each request that changes something: one change of
 * a store may take several.
 *
 * @param {ChromaClient} client
 * @param {Stops} stops
 * @returns {ChromaClient}
 */
export function stoppingClient(client, stops) {
  return stopping(client, stops)
}

/**
 * @template {object} Target
 * @param {Target} target the client, or one of its collections
 * @param {Stops} stops
 * @returns {Target}
 */
function stopping(target, stops) {
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      return async (/** @type {unknown[]} */ ...args) => {
        const run = async () => value.apply(target, args)
        const result = CHANGES.has(name) ? await stops.effect('request', name, run) : await run()
        return isCollection(result) ? stopping(result, stops) : mapped(result, stops)
      }
    },
  })
}

/**
 * @param {unknown} result
 * @param {Stops} stops
 */
function mapped(result, stops) {
  if (!Array.isArray(result)) return result
  return result.map((item) => (isCollection(item) ? stopping(item, stops) : item))
}

/**
 * @param {unknown} value
 * @returns {value is object}
 */
function isCollection(value) {
  return typeof value === 'object' && value !== null && 'upsert' in value
}
