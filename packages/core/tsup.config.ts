import { defineConfig } from 'tsup'
import { shared } from '../../tsup.shared.ts'

export default defineConfig(
  shared({
    entry: {
      index: 'src/index.ts',
      durable: 'src/durable/index.ts',
      testing: 'src/testing/index.ts',
      'testing-generators': 'src/testing/generators.ts',
    },
  }),
)
