/**
 * Adds up SHA-256 hashes so that their order doesn't matter: as eight 32-bit words, each modulo
 * 2^32. Unlike XOR, a sum doesn't let two equal items cancel each other (Bellare and Micciancio, "A
 * New Paradigm for Collision-Free Hashing: Incrementality at Reduced Cost", 1997). It tells
 * accidents, not attacks.
 */
export class OrderFreeSum {
  #count = 0
  readonly #words = new Uint32Array(8)

  get count(): number {
    return this.#count
  }

  /** @param hash 32 bytes */
  add(hash: Buffer): void {
    for (let word = 0; word < 8; word++) {
      this.#words[word] = (this.#words[word] as number) + hash.readUInt32BE(word * 4)
    }
    this.#count++
  }

  /** 64 hexadecimal digits. */
  digest(): string {
    let digest = ''
    for (const word of this.#words) digest += word.toString(16).padStart(8, '0')
    return digest
  }
}
