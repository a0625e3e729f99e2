import type { Options } from 'tsup'

/** Build options every package shares: ESM + CJS + types + source maps. */
export function shared(extra: Options): Options {
  return {
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    // cleaned by the build script: two tsup configs in one package run at once and would race
    clean: false,
    splitting: true,
    treeshake: true,
    // tsup 8 sets `baseUrl` for its d.ts build, which TypeScript 6 deprecates (TS5101).
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    ...extra,
  }
}
