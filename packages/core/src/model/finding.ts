import type { JsonObject } from './record.ts'

/** A difference between what is and what should be. */
export interface Finding {
  /** Such as `record:missing`. Stable between major versions. */
  readonly kind: string
  /** `warning`: worth knowing, explained by something harmless. `error`: must be put right. */
  readonly severity: 'warning' | 'error'
  readonly message: string
  readonly collection?: string
  /** The first 100 records concerned. */
  readonly recordIds?: readonly string[]
  /** How many records are concerned, beyond those listed. */
  readonly recordCount?: number
  readonly details?: JsonObject
}

/** Longest list of record ids in one finding. Enough to look at; more belongs in a report. */
export const FINDING_IDS_MAX = 100
