// What safety costs, on a real Chroma: renames and deletes against the plain client, appends to the
// journal against bare appends to a file, and how long opening takes as the history grows.

import { measureDeletes } from './operations/deletes.mjs'
import { measureJournal } from './operations/journal.mjs'
import { measureOpenings } from './operations/openings.mjs'
import { measureRenames } from './operations/renames.mjs'
import { CLIENT_VERSION, openChroma } from './support/chroma.mjs'
import { temporaryDirectory } from './support/disk.mjs'

const STORE_PARTS = { renames: measureRenames, deletes: measureDeletes }
const DISK_PARTS = { journal: measureJournal, openings: measureOpenings }
const PARTS = [...Object.keys(STORE_PARTS), ...Object.keys(DISK_PARTS)]

const SIZES = [1_000, 10_000, 50_000]
const SIZES_QUICK = [500, 2_000, 5_000]

/**
 * @param {import('./run.mjs').Settings} settings
 * @returns {Promise<import('./run.mjs').Measured>}
 */
export async function run(settings) {
  const { quick, only, random, data, log } = settings
  if (only !== undefined && !PARTS.includes(only)) {
    throw new RangeError(`--only takes one of ${PARTS.join(', ')}; got ${only}`)
  }
  const isWanted = ([part]) => only === undefined || only === part
  const directory = await temporaryDirectory()
  const sizes = quick ? SIZES_QUICK : SIZES
  const common = { ...settings, sizes, directory: directory.path }
  const measured = []
  const versions = {}
  try {
    for (const [part, measure] of Object.entries(DISK_PARTS).filter(isWanted)) {
      log(part)
      measured.push(await measure(common))
    }
    const parts = Object.entries(STORE_PARTS).filter(isWanted)
    if (parts.length > 0) {
      const chroma = await openChroma({ sizes, directory: directory.path, random, data, log })
      versions.chroma = chroma.engine
      versions['chromadb client'] = CLIENT_VERSION
      try {
        for (const [part, measure] of parts) {
          log(part)
          measured.push(await measure({ ...common, chroma }))
        }
      } finally {
        await chroma.close()
      }
    }
  } finally {
    await directory.remove()
  }
  return {
    versions,
    results: measured.flatMap(({ results }) => results),
    ratios: Object.assign({}, ...measured.map(({ ratios }) => ratios)),
    bars: measured.flatMap(({ bars }) => bars),
  }
}
