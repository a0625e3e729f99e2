import { randomBytes } from 'node:crypto'
import type { Random } from './random.ts'

/** The machine's generators: `Math.random` for `next`, the operating system's for `bytes`. */
export const systemRandom: Random = {
  next: () => Math.random(),
  // A copy of its own: Node hands out slices of a shared pool for small sizes.
  bytes: (length) => new Uint8Array(randomBytes(length)),
}
