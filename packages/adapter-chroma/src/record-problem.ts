import type { JsonValue, VectorRecord } from '@holdfast/core'
import { RECORD_BYTES_MAX } from './limits.ts'
import { isKeptAsInteger, numberToSend } from './stored-number.ts'
import { URI_KEY } from './to-record.ts'

/**
 * Why Chroma can't hold this record, as the end of a sentence that says what to change; `undefined`
 * when it can. Found by writing to a real server (1.4.4) and reading back: what is refused here
 * would be refused there in the middle of a write, or come back changed, or come back not at all.
 */
export function recordProblem(record: VectorRecord): string | undefined {
  for (const [key, value] of Object.entries(record.metadata ?? {})) {
    const problem = keyProblem(key, value) ?? valueProblem(value)
    if (problem !== undefined) return `its metadata ${JSON.stringify(key)} ${problem}`
  }
  return sizeProblem(record)
}

/**
 * One wrong key is worse than a failed write: a `chroma:document` that is no text stops every write
 * to the server until it is restarted, and every read of the collection after that.
 */
function keyProblem(key: string, value: JsonValue): string | undefined {
  if (key === '') return 'has an empty name; give it one.'
  if (key === '__proto__') return 'has a name that gets lost in JavaScript; rename it.'
  if (/^[#$]/.test(key)) return "begins with a sign that Chroma's filters use; rename it."
  if (!key.startsWith('chroma:')) return undefined
  if (key !== URI_KEY) return 'begins with "chroma:", which Chroma keeps for itself; rename it.'
  return typeof value === 'string' ? undefined : "is the record's URI, so it must be a text."
}

function valueProblem(value: JsonValue): string | undefined {
  if (value === null) return 'is null, which Chroma drops; leave the key out.'
  if (typeof value === 'number') return numberProblem(value, false)
  if (typeof value !== 'object') return undefined
  if (Array.isArray(value)) return listProblem(value)
  return 'is an object; use one key for each of its values, or keep it as JSON text.'
}

function listProblem(list: readonly JsonValue[]): string | undefined {
  const [first] = list
  if (first === undefined) return 'is an empty list, which Chroma drops; leave the key out.'
  if (list.some((item) => typeof item !== typeof first)) {
    return 'is a list of different kinds of values; use one list for each kind.'
  }
  if (typeof first === 'object') {
    return 'is a list of lists, objects or null; keep it as JSON text.'
  }
  if (typeof first !== 'number') return undefined
  const float = list.some((item) => !isKeptAsInteger(item as number))
  for (const item of list) {
    const problem = numberProblem(item as number, float)
    if (problem !== undefined) return problem
  }
  return undefined
}

function numberProblem(value: number, float: boolean): string | undefined {
  if (numberToSend(value, 'record', { float }) !== undefined) return undefined
  return `holds the number ${value}, which Chroma would change in its last digit; round it to 15 digits, or keep it as text.`
}

function sizeProblem(record: VectorRecord): string | undefined {
  const { id, text = '', metadata = {}, vector } = record
  // Only a large record is measured exactly: escaped, one UTF-16 unit has 6 bytes at most.
  const characters = id.length + text.length + metadataCharacters(metadata)
  const vectorBytes = Math.ceil((vector.length * 16) / 3)
  if (characters * 6 + vectorBytes < RECORD_BYTES_MAX) return undefined
  const bytes = Buffer.byteLength(JSON.stringify({ id, text, metadata })) + vectorBytes
  if (bytes <= RECORD_BYTES_MAX) return undefined
  return `it takes ${bytes} bytes in a request, and Chroma takes ${RECORD_BYTES_MAX}; split its text.`
}

function metadataCharacters(metadata: JsonValue): number {
  if (typeof metadata === 'string') return metadata.length
  if (typeof metadata !== 'object' || metadata === null) return 5
  let characters = 0
  for (const [key, value] of Object.entries(metadata)) {
    characters += key.length + metadataCharacters(value)
  }
  return characters
}
