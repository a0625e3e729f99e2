// Only our own packages, so that their declarations can be checked in full (`skipLibCheck: false`);
// those of chromadb import a package that it does not depend on.

import { ChromaAdapter } from '@holdfast/adapter-chroma'
import { isHoldfastError, type OperationResult, type openConsistencyManager } from '@holdfast/core'
import * as durable from '@holdfast/core/durable'
import * as testing from '@holdfast/core/testing'

export type Options = Parameters<typeof openConsistencyManager>[0]

export function verified(result: OperationResult): boolean {
  return result.consistencyVerified
}

export function codeOf(error: unknown): string | undefined {
  return isHoldfastError(error) ? error.code : undefined
}

export const names: readonly string[] = [ChromaAdapter, durable, testing].map((part) => typeof part)

// @ts-expect-error a manager needs a store
export const impossible: Options = { directory: '/tmp' }
