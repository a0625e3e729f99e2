// Packs every package, installs the tarballs with npm into a fresh app, and imports, requires,
// runs and type-checks them there.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const app = mkdtempSync(join(tmpdir(), 'consumer-'))
const sh = (cmd, args, cwd = app) =>
  execFileSync(cmd, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
const node = (...args) => sh(process.env.CONSUMER_NODE ?? process.execPath, args)
const expect = (label, got, want) => {
  if (got.trim() !== want) throw new Error(`${label}: got ${got}, want ${want}`)
  console.log(`ok  ${label}`)
}

const tgz = join(app, 'tgz')
mkdirSync(tgz)
sh('pnpm', ['-r', '--filter', './packages/**', 'pack', '--pack-destination', tgz], root)
const tarballs = readdirSync(tgz).map((f) => join(tgz, f))
for (const t of tarballs) {
  const manifest = sh('tar', ['-xOzf', t, 'package/package.json'])
  if (/"(workspace|catalog):/.test(manifest)) throw new Error(`${t}: unpublishable protocol left`)
}
console.log(`packed ${tarballs.length}`)

const tsVersions = (process.env.CONSUMER_TS ?? '5.4.5 5.9.3 6.0.3 7.0.2').split(' ')
writeFileSync(join(app, 'package.json'), '{"name":"consumer","private":true,"version":"1.0.0"}')
sh('npm', [
  'install',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  ...tarballs,
  'pg@8',
  ...tsVersions.map((v) => `ts-${v}@npm:typescript@${v}`),
  '@types/node@20',
  '@types/pg@8.23.1',
])

writeFileSync(
  join(app, 'a.mjs'),
  `
import { createEngine, isEngine } from 'vectordb-skel';
import { sleep } from '@skel/core/testing';
import { PgVectorAdapter } from '@skel/adapter-pgvector';
import { createRequire } from 'node:module';
const cjs = createRequire(import.meta.url)('@skel/core');
await sleep(1);
const a = new PgVectorAdapter({ query: async () => ({ rows: [], rowCount: 1 }) }, new cjs.Engine());
console.log(await a.insert([[1]]), cjs.isEngine(createEngine()), isEngine(new cjs.Engine()));
`,
)
expect('ESM import, engine made by the CJS copy accepted', node('a.mjs'), '1 true true')
writeFileSync(
  join(app, 'b.cjs'),
  `
const { createEngine } = require('vectordb-skel');
const { PgVectorAdapter } = require('@skel/adapter-pgvector');
createEngine().run([2], async (x) => x * 2).then((r) => console.log(r[0], typeof PgVectorAdapter));
`,
)
expect('CJS require', node('b.cjs'), '4 function')
expect('bin', node('node_modules/.bin/vectordb-skel'), '1 4 9')

const ts = `
import { Pool } from 'pg';
import { createEngine, type Engine } from 'vectordb-skel';
import { sleep } from '@skel/core/testing';
import { PgVectorAdapter } from '@skel/adapter-pgvector';
export async function main(): Promise<number> {
  const e: Engine = createEngine({ concurrency: 1 });
  e.on('done', (id) => id.toFixed());
  await sleep(1);
  return new PgVectorAdapter(new Pool(), e).insert([[1]]);
}
// @ts-expect-error no such option
createEngine({ nope: 1 });
`
mkdirSync(join(app, 'src'))
writeFileSync(join(app, 'src', 'm.mts'), ts)
writeFileSync(join(app, 'src', 'c.cts'), ts)
for (const v of tsVersions) {
  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    writeFileSync(
      join(app, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          module,
          moduleResolution,
          strict: true,
          noEmit: true,
          exactOptionalPropertyTypes: true,
          // pg-protocol's own types need TypeScript 5.7
          skipLibCheck: Number.parseFloat(v) < 5.7,
          types: ['node'],
        },
        include: ['src'],
      }),
    )
    node(`node_modules/ts-${v}/bin/tsc`, '-p', '.')
    console.log(`ok  types ts@${v} ${moduleResolution}`)
  }
}
const sizes = Object.fromEntries(
  tarballs.map((t) => [t.split('/').pop(), `${Math.ceil(readFileSync(t).length / 1024)} KiB`]),
)
console.log(sizes)
if (!process.env.CONSUMER_KEEP) rmSync(app, { recursive: true })
else console.log(app)
