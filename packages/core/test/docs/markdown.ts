import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../../..', import.meta.url))

/** Written by programs, or not ours. */
const FOREIGN = new Set(['node_modules', 'dist', 'coverage', '.git', '.changeset', 'docs/api'])

/** A page, by its path from the root of the repository, with `/`. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** Every Markdown file of the repository. */
export function readPages(directory: string = ROOT): Page[] {
  const pages: Page[] = []
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    const shown = relative(ROOT, path).split(sep).join('/')
    if (FOREIGN.has(entry.name) || FOREIGN.has(shown)) continue
    if (entry.isDirectory()) pages.push(...readPages(path))
    else if (entry.name.endsWith('.md')) pages.push({ path: shown, text: read(shown) })
  }
  return pages
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What leads nowhere: links to files and to headings, in this page or another one. */
export function brokenLinks({ path, text }: Page): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link as string)
    .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(path, link))
}

function leadsSomewhere(page: string, link: string): boolean {
  const [file = '', heading] = link.split('#')
  const target = file === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), file)
  if (!existsSync(target)) return false
  if (heading === undefined) return true
  return headings(readFileSync(target, 'utf8')).includes(heading)
}

/** The anchors of a page's headings, as GitHub makes them. */
function headings(text: string): string[] {
  return [...prose(text, { keepCode: true }).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Without fenced blocks, and without code in the line unless it is to be kept. */
function prose(text: string, { keepCode = false } = {}): string {
  const unfenced = text.replace(/^```[\s\S]*?^```$/gm, '')
  return keepCode ? unfenced : unfenced.replace(/`[^`\n]+`/g, '')
}

/** The first cells of all table rows that begin with `code`, with the whole row. */
export function codeRows(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^\| `([^`]+)` \|.*$/gm)].map(([row, name]) => [name as string, row]),
  )
}
