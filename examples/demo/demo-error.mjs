import { isHoldfastError } from '@holdfast/core'

/** Something is not as it should be. The message tells people all that they need. */
export class DemoError extends Error {
  /** @override */
  name = 'DemoError'
}

/**
 * The demo believes nobody, least of all itself.
 *
 * @param {boolean} holds
 * @param {string} otherwise
 */
export function check(holds, otherwise) {
  if (!holds) throw new DemoError(otherwise)
}

/**
 * For people. Only what nobody has foreseen needs a stack trace.
 *
 * @param {unknown} error
 */
export function describeError(error) {
  if (error instanceof DemoError) return error.message
  if (isHoldfastError(error)) return `${error.code} (${error.outcome}): ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/**
 * For programs.
 *
 * @param {unknown} error
 */
export function errorAsJson(error) {
  if (isHoldfastError(error)) return error.toJSON()
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return { name, message }
}
