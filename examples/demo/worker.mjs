// A process that starts one operation, tells its parent of the events, and stands still at one of
// them, so that the parent can kill it exactly there.
import { writeSync } from 'node:fs'
import { onEveryEvent } from './events.mjs'
import { clientOf, openManager } from './store.mjs'

/** Long enough to be killed; not for ever, in case that the parent itself was killed. */
const STAND_STILL_MS = 10_000

/** @type {import('./run-and-kill.mjs').Task} */
const { url, directory, rename, drop, killAfter } = JSON.parse(process.argv[2] ?? '{}')

const manager = await openManager(clientOf(url), directory)
onEveryEvent(manager, (name, event) => {
  writeSync(1, `${JSON.stringify({ name, event })}\n`)
  if (name === killAfter) standStill()
})
if (rename !== undefined) await manager.operations.safeRenameCollection(rename)
if (drop !== undefined) await manager.operations.safeDeleteCollection(drop)

/** Nothing else runs meanwhile in this thread, not even what would come next in the operation. */
function standStill() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STAND_STILL_MS)
  process.exit(1)
}
