// The main file of a Chroma server's process: `chroma-process.mjs PATH_OF_CLI ARGS...` runs
// Chroma's own command line, and ends with the process that started it. The directory named by
// HOLDFAST_TEMPORARY goes then too.
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const [cli, ...args] = process.argv.slice(2)
if (cli === undefined) throw new TypeError('usage: chroma-process.mjs PATH_OF_CLI ARGS...')
const guard = new Worker(new URL('./end-with-parent.mjs', import.meta.url), {
  workerData: { temporary: process.env['HOLDFAST_TEMPORARY'] },
})
await once(guard, 'message')
guard.unref()
process.argv.splice(2, process.argv.length, ...args)
await import(pathToFileURL(cli).href)
