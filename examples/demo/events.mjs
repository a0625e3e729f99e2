import { bold, countOf, dim, green, say, yellow } from './terminal.mjs'

/** @typedef {import('@holdfast/core').ConsistencyManager} ConsistencyManager */
/** @typedef {import('@holdfast/core').EventName} EventName */
/** @typedef {import('@holdfast/core').HoldfastEvents} HoldfastEvents */

/**
 * What an event says, in plain words.
 *
 * @type {{ [Name in EventName]?: (event: HoldfastEvents[Name]) => string }}
 */
const WORDS = {
  'operation:planned': () => 'what is going to be done is on disk',
  'operation:checkpointed': ({ recordCount }) =>
    recordCount === 0
      ? 'nothing has to be kept for this one'
      : `${countOf(recordCount)} records are in a backup on disk`,
  'operation:executed': () => 'built; can still be undone',
  'operation:verified': ({ recordsChecked }) =>
    `${recordsChecked === 0 ? '' : `${countOf(recordsChecked)} records `}checked; crash or not, it gets finished`,
  'operation:committed': () => 'done',
  'operation:rolled-back': () => 'undone',
  'operation:parked': ({ reason }) => `can't be ended now: ${reason}`,
  'collection:created': ({ collection }) => `there is ${collection.name}`,
  'collection:renamed': ({ from, collection }) => `${from.name} is ${collection.name} now`,
  'collection:dropped': ({ collection }) => `${collection.name} is gone`,
  'finding:found': ({ finding }) => finding.message,
  'cleanup:failed': ({ what }) => `${what} failed; it is tried again`,
}

/** @type {readonly EventName[]} */
export const EVENT_NAMES = /** @type {EventName[]} */ (Object.keys(WORDS))
const WIDTH = Math.max(...EVENT_NAMES.map((name) => name.length))
const COLORS = new Map([
  ['operation:verified', yellow],
  ['operation:committed', green],
  ['operation:parked', yellow],
  ['finding:found', yellow],
  ['cleanup:failed', yellow],
])

/**
 * Calls `listener` for every event that the demo has words for.
 *
 * @param {ConsistencyManager} manager
 * @param {(name: EventName, event: never) => void} listener
 */
export function onEveryEvent(manager, listener) {
  for (const name of EVENT_NAMES) {
    manager.on(name, (event) => listener(name, /** @type {never} */ (event)))
  }
}

let startedAt = 0

/**
 * @param {EventName} name
 * @param {HoldfastEvents[EventName]} event
 */
export function printEvent(name, event) {
  if (name === 'operation:planned') startedAt = event.at
  const afterMs = `+${countOf(event.at - startedAt)} ms`.padStart(9)
  const paint = COLORS.get(name) ?? ((/** @type {string} */ text) => text)
  const words = WORDS[name]?.(/** @type {never} */ (event)) ?? ''
  say(`  ${dim(afterMs)}  ${paint(name.padEnd(WIDTH))}  ${dim(words)}`)
}

/** @param {string} name */
export function printKill(name) {
  say(`  ${' '.repeat(9)}  ${bold(yellow('SIGKILL'.padEnd(WIDTH)))}  ${dim(`right after ${name}`)}`)
}
