import { ChromaClient } from 'chromadb'
import { expect, test } from 'vitest'
import { ChromaAdapter, type ChromaAdapterOptions } from '../src/index.ts'

test('without a client it says what to give it', () => {
  const mistakes: unknown[] = [
    undefined,
    {},
    { client: undefined },
    { client: {} },
    new ChromaClient(),
  ]
  for (const mistake of mistakes) {
    const make = (): ChromaAdapter => new ChromaAdapter(mistake as ChromaAdapterOptions)
    expect(make).toThrow(TypeError)
    expect(make).toThrow('`new ChromaAdapter({ client })`')
  }
})
