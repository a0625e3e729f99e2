import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { declaredNames, hasTitle } from './docs/declared.ts'
import { brokenLinks, codeRows, type Page, ROOT, read, readPages } from './docs/markdown.ts'
import { snippetErrors } from './docs/snippets.ts'

const pages = readPages()
const errorRows = codeRows(read('docs/errors.md'))
/** One program for all pages, and for one that is wrong on purpose. */
const WRONG: Page = {
  path: 'wrong.md',
  text: "Text\n\n```ts\nimport { refOf } from '@holdfast/core'\n\nrefOf(1)\n```\n",
}
let typeErrors: readonly string[] = []
beforeAll(() => {
  typeErrors = snippetErrors([...pages, WRONG])
}, 60_000)

/** Tests that a page names, as `file › title` in code. */
function namedTests(text: string): { readonly file: string; readonly title: string }[] {
  return [...text.matchAll(/`([\w./-]+\.test\.ts) › ([^`]+)`/g)].map(([, file, title]) => ({
    file: file as string,
    title: title as string,
  }))
}

function wrongTestNames(text: string): string[] {
  return namedTests(text)
    .filter(({ file, title }) => !existsSync(join(ROOT, file)) || !hasTitle(file, title))
    .map(({ file, title }) => `${file} › ${title}`)
}

describe('docs/errors.md', () => {
  it('has one row for each code, and no other', () => {
    const codes = declaredNames('packages/core/src/model/errors.ts', 'ErrorCode')
    expect(codes).toContain('COLLECTION_NOT_FOUND')
    expect([...errorRows.keys()].sort()).toEqual(codes.sort())
  })

  it('names a test for each code, and only tests that exist', () => {
    const without = [...errorRows].filter(([, row]) => namedTests(row).length === 0)
    expect(without.map(([code]) => code)).toEqual([])
    expect(wrongTestNames(read('docs/errors.md'))).toEqual([])
  })
})

describe('docs/events.md', () => {
  it('has one row for each event, and no other', () => {
    const events = declaredNames('packages/core/src/model/events.ts', 'HoldfastEvents')
    expect(events).toContain('operation:committed')
    expect([...codeRows(read('docs/events.md')).keys()].sort()).toEqual(events.sort())
  })
})

describe('docs/guarantees.md', () => {
  it('names a test for each failure, and only tests that exist', () => {
    const text = read('docs/guarantees.md')
    const rows = [...text.matchAll(/^\| (?!-)(?!Failure ).*$/gm)].map(([row]) => row)
    expect(rows).not.toEqual([])
    expect(rows.filter((row) => namedTests(row).length === 0)).toEqual([])
    expect(wrongTestNames(text)).toEqual([])
  })
})

describe('every page', () => {
  it('has only links that lead somewhere', () => {
    expect(pages.map((page) => page.path)).toContain('README.md')
    const broken = pages.flatMap((page) => brokenLinks(page).map((link) => `${page.path}: ${link}`))
    expect(broken).toEqual([])
  })

  it('shows TypeScript that type-checks', () => {
    expect(typeErrors.filter((error) => !error.startsWith(WRONG.path))).toEqual([])
  })
})

describe('these checks', () => {
  const page = (text: string): Page => ({ path: 'README.md', text })

  it('find a link to a file or a heading that is not there', () => {
    const text = '# A `b`\n[1](gone.md) [2](#a-b) [3](#c) [4](docs/errors.md) `[5](gone.md)`'
    expect(brokenLinks({ path: 'docs/errors.md', text })).toEqual([
      'gone.md',
      '#a-b',
      '#c',
      'docs/errors.md',
    ])
    expect(brokenLinks(page('[1](docs/errors.md) [2](https://example.org)'))).toEqual([])
  })

  it('find a test that is not there', () => {
    const known = 'packages/core/test/docs.test.ts'
    expect(wrongTestNames(`\`${known} › find a test that is not there\``)).toEqual([])
    expect(wrongTestNames(`\`${known} › ${'find '}nothing\``)).toEqual([`${known} › find nothing`])
    expect(wrongTestNames('`gone.test.ts › x`')).toEqual(['gone.test.ts › x'])
  })

  it('find what does not type-check, at its line', () => {
    const found = typeErrors.filter((error) => error.startsWith(WRONG.path))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^wrong\.md:6 Argument of type 'number'/)
  })
})
