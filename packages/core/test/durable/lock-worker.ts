import { DirectoryLock } from '../../src/durable/directory-lock.ts'
import { nodeFileSystem } from '../../src/durable/node-file-system.ts'
import { openLog } from './log-helpers.ts'

/**
 * A process that takes the lock again and again until it is killed or told to stop. Under the lock
 * it writes down that it has come in, appends an entry to a log, and writes down that it leaves. Its
 * parent is told of each coming and of each entry that was acknowledged.
 */
const [, , directory = '', name = ''] = process.argv
const lock = new DirectoryLock({ path: `${directory}/lock` })
const diary = await nodeFileSystem.open(`${directory}/diary`, 'append')
let isStopping = false
process.on('message', () => {
  isStopping = true
})
// Not without a parent.
process.on('disconnect', () => process.exit())

const note = (text: string): Promise<void> => diary.append(new TextEncoder().encode(`${text}\n`))
const tell = (message: object): void => {
  process.send?.(message)
}

for (let turn = 0; !isStopping; turn++) {
  const held = await lock.acquire({ waitMs: 60_000 })
  await note(`+${name}`)
  tell({ cameIn: name })
  const log = await openLog(nodeFileSystem, `${directory}/log`)
  for (let entry = 0; entry < 3; entry++) {
    await held.assertHeld()
    await log.append([new TextEncoder().encode(`${name}.${turn}.${entry}`)])
    tell({ acknowledged: `${name}.${turn}.${entry}` })
  }
  await log.close()
  await note(`-${name}`)
  await held.release()
  // Lets the others in.
  await new Promise((resolve) => setTimeout(resolve, 2))
}
await diary.close()
process.disconnect?.()
