// The ESM and the CommonJS copy of core meet in one process whenever one dependency imports it and
// another one requires it. They must know each other's errors.
import { createRequire } from 'node:module'
import * as esm from '@holdfast/core'

const cjs = createRequire(import.meta.url)('@holdfast/core')
const options = { outcome: 'unchanged', retryable: false }
const error = new cjs.HoldfastError('COLLECTION_NOT_FOUND', 'No such collection.', options)
console.log(
  JSON.stringify({
    twoCopies: cjs.HoldfastError !== esm.HoldfastError,
    recognized: esm.isHoldfastError(error),
    strangers: esm.isHoldfastError(new Error('No such collection.')),
  }),
)
