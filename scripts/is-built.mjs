import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './pnpm.mjs'

/** What a build reads, beside the sources of the package. */
const OF_ALL = ['package.json', 'pnpm-lock.yaml', 'tsconfig.base.json', 'tsup.shared.ts']
const OF_ONE = ['package.json', 'tsconfig.json', 'tsup.config.ts']

/**
 * Whether everything that the packages export has been built after the last change of what it is
 * built from. What can't be found counts as not built.
 *
 * @param {string} [root]
 * @returns {boolean}
 */
export function isBuilt(root = ROOT) {
  const packages = join(root, 'packages')
  const shared = OF_ALL.map((file) => join(root, file))
  try {
    return readdirSync(packages).every((name) => isPackageBuilt(join(packages, name), shared))
  } catch {
    return false
  }
}

/**
 * @param {string} directory
 * @param {readonly string[]} shared
 */
function isPackageBuilt(directory, shared) {
  const manifest = readFileSync(join(directory, 'package.json'), 'utf8')
  // As text, since exports nest as deep as they like.
  const outputs = [...manifest.matchAll(/"\.\/(dist\/[^"]+)"/g)].map(([, file = '']) => file)
  const built = outputs.map((file) => changedAt(join(directory, file)))
  const own = OF_ONE.map((file) => join(directory, file))
  const changed = [...shared, ...own, ...filesBelow(join(directory, 'src'))].map(changedAt)
  return outputs.length > 0 && Math.max(...changed) < Math.min(...built)
}

/**
 * With the directories themselves: they change when a file in them goes away.
 *
 * @param {string} directory
 * @returns {string[]}
 */
function filesBelow(directory) {
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return [directory, ...entries.map((entry) => join(directory, entry))]
}

/** @param {string} path */
function changedAt(path) {
  return statSync(path).mtimeMs
}
