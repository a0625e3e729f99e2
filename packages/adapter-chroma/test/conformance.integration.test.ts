import { describeAdapter } from '@holdfast/core/testing'
import { describe, it } from 'vitest'
import { chromaUrl } from '../../../test/chroma-url.ts'
import { ownAdapter, serverAbilities } from './with-chroma.ts'

const { lists } = await serverAbilities()

describe.skipIf(chromaUrl() === undefined)('on a real Chroma', () => {
  describeAdapter({
    name: 'chroma',
    runner: { describe, it, itFails: it.fails },
    open: ownAdapter,
    knownGaps: lists
      ? {}
      : {
          'recordProblem.values': 'the adapter can not ask an older engine whether it keeps lists',
        },
  })
})
