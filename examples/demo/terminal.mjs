/** Where text for people goes. Stdout belongs to the program that reads it when `--json` is given. */
export const out = process.argv.includes('--json') ? process.stderr : process.stdout

// Whoever reads us may stop to, such as `head`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** A terminal knows its colors, and that there are none where NO_COLOR is set. */
const colored = out.isTTY && out.hasColors()

/** @type {(code: number) => (text: string) => string} */
const color = (code) => (text) => (colored ? `\x1b[${code}m${text}\x1b[0m` : text)

export const bold = color(1)
export const dim = color(2)
export const red = color(31)
export const green = color(32)
export const yellow = color(33)
const cyan = color(36)

/** @param {string} [line] */
export function say(line = '') {
  out.write(`${line}\n`)
}

/** @param {string} title */
export function heading(title) {
  say(`\n${bold(cyan(title))}`)
}

/** @param {string} line something that was checked and is as it should be */
export function ok(line) {
  say(`  ${green('✓')} ${line}`)
}

/** @param {string} code a line of the reader's own code */
export function showCode(code) {
  say(`\n  ${bold(code)}`)
}

/** @param {number} count */
export function countOf(count) {
  return count.toLocaleString('en')
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`
}

/** @param {readonly (readonly string[])[]} rows the first one is the head */
export function table(rows) {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const [index, row] of rows.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
    say(`  ${index === 0 ? dim(line.trimEnd()) : line.trimEnd()}`)
  }
}
