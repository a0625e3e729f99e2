import { METADATA_DEPTH_MAX } from '../model/limits.ts'
import { isWellFormed } from './check-ids.ts'

/**
 * Why this value is not metadata that comes back from JSON as it went in, as the end of a sentence
 * that says what to change; `undefined` when it is. `JSON.stringify` would drop or replace such
 * values in silence, and the backup of a record would differ from the record.
 */
export function metadataProblem(metadata: unknown): string | undefined {
  if (!isPlainObject(metadata)) return 'is not a plain object'
  return valueProblem(metadata, isWellFormed, 1)
}

/** The same for metadata that came out of a store: JSON can hold any text that is there already. */
export function storedMetadataProblem(metadata: unknown): string | undefined {
  if (!isPlainObject(metadata)) return 'is not a plain object'
  return valueProblem(metadata, () => true, 1)
}

type TextTest = (text: string) => boolean

function valueProblem(value: unknown, isText: TextTest, depth: number): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined
    case 'string':
      return isText(value) ? undefined : 'holds text with half of a surrogate pair'
    case 'number':
      return Number.isFinite(value) ? undefined : 'holds NaN or an infinite number; use null'
    case 'object':
      return value === null ? undefined : containerProblem(value, isText, depth)
    case 'undefined':
      return 'holds undefined; leave the key out, or use null'
    default:
      return `holds a ${typeof value}; use what JSON can hold`
  }
}

function containerProblem(value: object, isText: TextTest, depth: number): string | undefined {
  if (depth > METADATA_DEPTH_MAX) {
    return `is nested more than ${METADATA_DEPTH_MAX} levels deep, or refers to itself`
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = valueProblem(item, isText, depth + 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (!isPlainObject(value)) {
    return 'holds an object with a class, such as a Date or a Map; use a string, or a plain object'
  }
  for (const key of Object.keys(value)) {
    if (!isText(key)) return 'holds a key with half of a surrogate pair'
    const problem = valueProblem(value[key], isText, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Plain in any realm: test runners and `node:vm` have an `Object` of their own. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
