import { expect, test } from 'vitest'
import { goingAroundDoors } from '../scripts/going-around-doors.mjs'

test.each([
  [`import { readFile } from 'node:fs/promises'`, 'the disk'],
  [`import type { Stats } from 'fs'`, 'the disk'],
  [`export * from 'node:fs'`, 'the disk'],
  [`const fs = await import('node:fs')`, 'the disk'],
  [`const fs = require('fs')`, 'the disk'],
  [`import { request } from 'node:https'`, 'the network'],
  [`await fetch(url)`, 'the network'],
  [`await globalThis.fetch(url)`, 'the network'],
  [`const at = Date.now()`, 'time'],
  [`const at = Date['now']()`, 'time'],
  [`const at = new Date()`, 'time'],
  [`const at = performance.now()`, 'time'],
  [`import { setTimeout as sleep } from 'node:timers/promises'`, 'time'],
  [`globalThis.setTimeout(run, 10)`, 'time'],
  [`const timer = setInterval(run, 10)`, 'time'],
  [`const signal = AbortSignal.timeout(10)`, 'time'],
  [`const share = Math.random()`, 'chance'],
  [`import { randomUUID } from 'node:crypto'`, 'chance'],
  [`const id = crypto.randomUUID()`, 'chance'],
  [`const bytes = crypto.randomBytes(8)`, 'chance'],
  [`const home = process.env['HOME']`, 'the process'],
  [`const { pid } = process; process.kill(pid)`, 'the process'],
])('%s goes around the door to %s', (text, door) => {
  const found = goingAroundDoors(`\n${text}\n`)
  expect(found.map((way) => way.door)).toContain(door)
  expect(found[0]?.line).toBe(2)
})

test.each([
  `import { createHash } from 'node:crypto'`,
  `import { setImmediate } from 'node:timers/promises'`,
  `const text = new Date(atMs).toISOString()`,
  `// Date.now() would be wrong here`,
  `const said = 'fs and setTimeout and fetch()'`,
  `clock.now(); random.bytes(8); await clock.sleep(5); store.fetch(url)`,
])('%s goes around no door', (text) => {
  expect(goingAroundDoors(text)).toEqual([])
})
