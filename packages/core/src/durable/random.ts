/** The door to chance. Tests put a seeded generator behind it. */
export interface Random {
  /** In [0, 1). Not for secrets. */
  next(): number
  bytes(length: number): Uint8Array
}
