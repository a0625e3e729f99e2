// Time, chance, disk, network and the process are touched only in the files that implement the
// doors to them, because behind a door a test can put something that it can break. This check
// fails for every other file of `packages/*/src` that goes around a door.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goingAroundDoors } from './going-around-doors.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The doors themselves, and the twins that tests put behind them. */
const DOORS = [
  'packages/core/src/durable/node-file-system.ts',
  'packages/core/src/durable/system-clock.ts',
  'packages/core/src/durable/system-random.ts',
  'packages/core/src/durable/system-process-table.ts',
  'packages/core/src/testing/',
]

let fileCount = 0
let foundCount = 0
for (const name of readdirSync(join(ROOT, 'packages'))) {
  const source = `packages/${name}/src`
  for (const entry of readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' })) {
    const path = `${source}/${entry.replaceAll('\\', '/')}`
    if (!path.endsWith('.ts') || DOORS.some((door) => path.startsWith(door))) continue
    fileCount++
    for (const { line, what, door } of goingAroundDoors(
      readFileSync(resolve(ROOT, path), 'utf8'),
    )) {
      foundCount++
      console.error(`${path}:${line}: ${what} goes around the door to ${door}`)
    }
  }
}
console.log(`${fileCount} files outside of the doors, ${foundCount} ways around them`)
// A check that looks at nothing must not pass.
process.exitCode = foundCount > 0 || fileCount === 0 ? 1 : 0
