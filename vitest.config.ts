import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const src = (path: string): string => fileURLToPath(new URL(`./packages/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@holdfast\/core\/durable$/, replacement: src('core/src/durable/index.ts') },
      { find: /^@holdfast\/core\/testing$/, replacement: src('core/src/testing/index.ts') },
      { find: /^@holdfast\/core$/, replacement: src('core/src/index.ts') },
      { find: /^@holdfast\/adapter-chroma$/, replacement: src('adapter-chroma/src/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'lcov'],
      thresholds: { lines: 90, functions: 90, branches: 80, statements: 90 },
    },
  },
})
