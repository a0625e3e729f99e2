import ts from 'typescript'

/** Modules that are a way around a door as a whole. */
const MODULES = new Map([
  ['fs', 'the disk'],
  ['fs/promises', 'the disk'],
  ['perf_hooks', 'time'],
  ['http', 'the network'],
  ['http2', 'the network'],
  ['https', 'the network'],
  ['net', 'the network'],
  ['tls', 'the network'],
  ['dgram', 'the network'],
  ['dns', 'the network'],
  ['dns/promises', 'the network'],
  ['child_process', 'the process'],
  ['process', 'the process'],
])

/** Names that are one wherever they come from: global, imported, or a member of anything. */
const NAMES = new Map([
  ['setTimeout', 'time'],
  ['setInterval', 'time'],
  ['performance', 'time'],
  ['randomUUID', 'chance'],
  ['randomBytes', 'chance'],
  ['randomInt', 'chance'],
  ['randomFill', 'chance'],
  ['randomFillSync', 'chance'],
  ['getRandomValues', 'chance'],
])

/** Members of one object. */
const MEMBERS = new Map([
  ['Date.now', 'time'],
  ['AbortSignal.timeout', 'time'],
  ['process.hrtime', 'time'],
  ['process.uptime', 'time'],
  ['Math.random', 'chance'],
  ['process.env', 'the process'],
  ['process.pid', 'the process'],
  ['process.ppid', 'the process'],
  ['process.kill', 'the process'],
  ['process.cwd', 'the process'],
  ['globalThis.fetch', 'the network'],
])

/** @typedef {{ readonly line: number, readonly what: string, readonly door: string }} WayAround */

/**
 * The places where a source text reaches time, chance, disk, network or the process by itself.
 * Goes by names, so that a method of one's own called `setTimeout` is found too: give it another
 * name. `new Date(0)` is arithmetic and allowed, `new Date()` asks what time it is.
 *
 * @param {string} text of a TypeScript file
 * @returns {WayAround[]}
 */
export function goingAroundDoors(text) {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true)
  /** @type {WayAround[]} */
  const found = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    const [what, door] = wayAround(node) ?? []
    if (what !== undefined && door !== undefined) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
      found.push({ line: line + 1, what, door })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/**
 * @param {ts.Node} node
 * @returns {readonly [what: string, door: string] | undefined}
 */
function wayAround(node) {
  if (ts.isStringLiteral(node) && namesAModule(node)) {
    return pair(`'${node.text}'`, MODULES.get(node.text.replace(/^node:/, '')))
  }
  if (ts.isPropertyAccessExpression(node)) {
    const member = `${node.expression.getText()}.${node.name.text}`
    return pair(member, MEMBERS.get(member))
  }
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    const member = `${node.expression.getText()}.${node.argumentExpression.text}`
    return pair(member, MEMBERS.get(member))
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return node.arguments?.length ? undefined : ['new Date()', 'time']
  }
  if (ts.isCallExpression(node)) {
    const called = node.expression.getText()
    if (called === 'fetch') return ['fetch()', 'the network']
    return called === 'Date' ? ['Date()', 'time'] : undefined
  }
  return ts.isIdentifier(node) ? pair(node.text, NAMES.get(node.text)) : undefined
}

/**
 * @param {string} what
 * @param {string | undefined} door
 * @returns {readonly [string, string] | undefined}
 */
function pair(what, door) {
  return door === undefined ? undefined : [what, door]
}

/** @param {ts.StringLiteral} node */
function namesAModule({ parent }) {
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true
  if (!ts.isCallExpression(parent)) return false
  return (
    parent.expression.kind === ts.SyntaxKind.ImportKeyword ||
    /require$/.test(parent.expression.getText())
  )
}
