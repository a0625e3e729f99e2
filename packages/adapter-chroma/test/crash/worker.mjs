// A process that uses Holdfast as its users do, as built, on a real directory and a real Chroma
// server, and does what the test that started it says. It ends with that test.
import { appendFileSync } from 'node:fs'
import { ChromaAdapter } from '@holdfast/adapter-chroma'
import { openConsistencyManager } from '@holdfast/core'
import { ChromaClient } from 'chromadb'
import { stoppingClient } from './stopping-client.mjs'
import { stoppingFileSystem } from './stopping-file-system.mjs'
import { stoppingStore } from './stopping-store.mjs'
import { Stops } from './stops.mjs'

/**
 * @typedef {import('@holdfast/core').ConsistencyManager} ConsistencyManager
 * @typedef {import('@holdfast/core').EventName} EventName
 * @typedef {import('./protocol.ts').Message} Message
 * @typedef {import('./protocol.ts').OpenOptions} OpenOptions
 * @typedef {import('./protocol.ts').Request} Request
 */

/** @type {readonly EventName[]} */
const OPERATION_EVENTS = [
  'operation:planned',
  'operation:checkpointed',
  'operation:executed',
  'operation:verified',
  'operation:committed',
  'operation:rolled-back',
  'operation:parked',
]
/** @type {readonly EventName[]} */
const ENDS = ['operation:committed', 'operation:rolled-back']

const stops = new Stops((what) => tell({ type: 'reached', reached: { what } }))
/** @type {ConsistencyManager | undefined} */
let manager

/** @type {{ readonly [Call in keyof import('./protocol.ts').Calls]: (...args: any[]) => unknown }} */
const calls = {
  open,
  operate: (method, args) => /** @type {any} */ (opened().operations)[method](...args),
  history: (filter) => opened().history(filter),
  recover: () => opened().recover(),
  close: () => opened().close(),
  stopAt: (stop) => stops.set(stop),
  goOn: () => stops.goOn(),
  effects: () => stops.effects,
}

process.on('message', (message) => {
  const { id, call, args } = /** @type {Request} */ (message)
  Promise.resolve()
    .then(() => calls[call](...args))
    .then(
      (result) => tell({ type: 'answer', id, result }),
      (error) => {
        const { name, message: text, code, outcome } = error
        tell({ type: 'error', id, error: { name, message: text, code, outcome } })
      },
    )
})
process.on('disconnect', () => process.exit())
tell({ type: 'ready' })

/** @param {OpenOptions} options */
async function open({ directory, chroma, sections, ...options }) {
  const startedMs = performance.now()
  const { batchRecordsMax, nativeRename, ...managerOptions } = options
  const note = (/** @type {string} */ text) => {
    if (sections !== undefined) appendFileSync(sections, `${process.pid} ${text}\n`)
  }
  const client = stoppingClient(new ChromaClient(chroma), stops)
  const store = stoppingStore(new ChromaAdapter({ client }), {
    stops,
    batchRecordsMax,
    nativeRename,
    onEffect: () => note('effect'),
  })
  const parts = { fileSystem: stoppingFileSystem(stops) }
  manager = await openConsistencyManager({ ...managerOptions, store, directory, parts })
  for (const name of OPERATION_EVENTS) {
    manager.on(name, (event) => {
      const { operationId, kind } = /** @type {import('@holdfast/core').EventBase} */ (event)
      if (name === 'operation:planned') note(`begin ${operationId}`)
      if (ENDS.includes(name)) note(`end ${operationId}`)
      tell({ type: 'event', event: { name, operationId, kind } })
      stops.event(name)
    })
  }
  return { recovered: manager.recovered, openMs: performance.now() - startedMs }
}

function opened() {
  if (manager === undefined) throw new TypeError('The worker was not told to open a manager.')
  return manager
}

/** @param {Message} message */
function tell(message) {
  process.send?.(message)
}
