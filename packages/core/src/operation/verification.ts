import type { Finding } from '../model/finding.ts'

/**
 * How deeply an operation was verified. `identity`: the store still holds the very same collection
 * (id, spec, and count where it costs nothing). `manifest`: count and content of every record.
 */
export type VerificationDepth = 'identity' | 'manifest'

export interface Verification {
  readonly depth: VerificationDepth
  /** Records that were compared one by one or through their digest. 0 for `identity`. */
  readonly recordsChecked: number
  /** Bound on the difference of vector components, relative to the longest; 0 means to the bit. */
  readonly vectorTolerance: number
  /** Whether records had to be put again before the verification passed. */
  readonly repaired: boolean
  /** Warnings that remain. */
  readonly findings: readonly Finding[]
}
