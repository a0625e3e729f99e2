/**
 * Where the Chroma server of this test run listens. Undefined when none could be started, which
 * the test set-up has then told loudly, and which fails the run where `CI` is set.
 *
 *     describe.skipIf(chromaUrl() === undefined)('a rename on a real Chroma', () => { … })
 */
export function chromaUrl(): string | undefined {
  return process.env['CHROMA_URL'] || undefined
}
