import { describeAdapter } from '@holdfast/core/testing'
import { describe, it } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ownAdapter } from './with-chroma.ts'

describe.skipIf(chromaUrl() === undefined)('on a real Chroma', () => {
  describeAdapter({
    name: 'chroma',
    runner: { describe, it, itFails: it.fails },
    open: ownAdapter,
  })
})
