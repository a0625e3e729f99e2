import { join } from 'node:path'
import ts from 'typescript'
import { type Page, ROOT } from './markdown.ts'

interface Snippet {
  /** Where it would be if it were a file; nothing is written. */
  readonly path: string
  readonly text: string
}

/**
 * What the compiler says about the TypeScript in these pages, as `page:line message`. A block is a
 * program by itself, compiled against the sources; one that is only a part says ```` ```ts fragment ````.
 */
export function snippetErrors(pages: readonly Page[]): string[] {
  const snippets = new Map(pages.flatMap(snippetsOf).map((snippet) => [snippet.path, snippet]))
  const options = compilerOptions()
  const program = ts.createProgram([...snippets.keys()], options, hostWith(snippets, options))
  return [...snippets.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      describeDiagnostic,
    )
  })
}

/** Blank lines stand for the text before a block, so that line numbers are those of the page. */
function snippetsOf({ path, text }: Page): Snippet[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => {
    const linesBefore = text.slice(0, block.index).split('\n').length
    return {
      path: join(ROOT, `${path}.${linesBefore}.ts`),
      // The export makes it a module, with `await` and names of its own.
      text: `${'\n'.repeat(linesBefore)}${block[1]}export {}\n`,
    }
  })
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, ROOT)
  return { ...options, allowJs: false, checkJs: false }
}

function hostWith(
  snippets: ReadonlyMap<string, Snippet>,
  options: ts.CompilerOptions,
): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  return {
    ...host,
    fileExists: (path) => snippets.has(path) || host.fileExists(path),
    readFile: (path) => snippets.get(path)?.text ?? host.readFile(path),
    getSourceFile: (path, ...rest) => {
      const snippet = snippets.get(path)
      if (snippet === undefined) return host.getSourceFile(path, ...rest)
      const file = ts.createSourceFile(path, snippet.text, rest[0])
      file.impliedNodeFormat = ts.ModuleKind.ESNext
      return file
    },
  }
}

function describeDiagnostic({ file, start = 0, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ')
  if (file === undefined) return text
  const { line } = file.getLineAndCharacterOfPosition(start)
  const page = file.fileName.slice(ROOT.length).replace(/\.\d+\.ts$/, '')
  return `${page}:${line + 1} ${text}`
}
