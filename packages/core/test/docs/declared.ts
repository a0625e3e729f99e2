import ts from 'typescript'
import { read } from './markdown.ts'

/** The names that a type declares: the strings of a union, or the members of an interface. */
export function declaredNames(path: string, typeName: string): string[] {
  const names: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal))
      names.push(node.literal.text)
    else ts.forEachChild(node, visit)
  }
  ts.forEachChild(parse(path), (node) => {
    if (ts.isTypeAliasDeclaration(node) && node.name.text === typeName) visit(node.type)
    if (!ts.isInterfaceDeclaration(node) || node.name.text !== typeName) return
    for (const { name } of node.members) {
      if (name !== undefined && ts.isStringLiteral(name)) names.push(name.text)
    }
  })
  return names
}

/** Whether a test file has this title as a string; `${…}` in it is written as it stands there. */
export function hasTitle(path: string, title: string): boolean {
  const titles = TITLES.get(path) ?? titlesOf(parse(path))
  TITLES.set(path, titles)
  return titles.has(title)
}

const TITLES = new Map<string, ReadonlySet<string>>()

function titlesOf(file: ts.SourceFile): ReadonlySet<string> {
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) titles.add(node.text)
    if (ts.isTemplateExpression(node)) titles.add(node.getText(file).slice(1, -1))
    ts.forEachChild(node, visit)
  }
  visit(file)
  return titles
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest)
}
