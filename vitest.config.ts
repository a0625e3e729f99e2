import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const source = (name: string): string => path(`./packages/${name}`)

/** The kinds of tests that have a name of their own; whatever else ends in `.test.ts` is a unit test. */
const kinds = ['property', 'integration', 'crash'] as const

const filesOf = (kind: string): string[] => [
  `packages/*/test/**/*${kind}.test.ts`,
  `test/**/*${kind}.test.ts`,
]

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@holdfast\/core\/durable$/, replacement: source('core/src/durable/index.ts') },
      {
        find: /^@holdfast\/core\/testing\/generators$/,
        replacement: source('core/src/testing/generators.ts'),
      },
      { find: /^@holdfast\/core\/testing$/, replacement: source('core/src/testing/index.ts') },
      { find: /^@holdfast\/core$/, replacement: source('core/src/index.ts') },
      { find: /^@holdfast\/adapter-chroma$/, replacement: source('adapter-chroma/src/index.ts') },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: filesOf(''),
          exclude: kinds.flatMap((kind) => filesOf(`.${kind}`)),
          // Some enumerate every fault there is; with coverage, on a busy machine, that takes a while.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'property', include: filesOf('.property'), testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: filesOf('.integration'),
          globalSetup: path('./test/start-chroma.ts'),
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'crash',
          include: filesOf('.crash'),
          globalSetup: path('./test/start-chroma.ts'),
          // Each starts and kills many processes.
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'lcov'],
      thresholds: { lines: 90, functions: 90, branches: 80, statements: 90 },
    },
  },
})
