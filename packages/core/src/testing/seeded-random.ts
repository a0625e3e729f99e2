import type { Random } from '../durable/random.ts'

/**
 * Chance that repeats itself: the same seed gives the same numbers on every machine. The generator
 * is sfc32 (Chris Doty-Humphrey, PractRand 0.93), 128 bits of state of which 32 count.
 */
export class SeededRandom implements Random {
  #a = 0
  #b: number
  #c: number
  #counter = 1

  /** Any finite number; equal ones give equal sequences. */
  constructor(seed: number) {
    const halves = new Uint32Array(new Float64Array([seed]).buffer)
    this.#b = halves[0] as number
    this.#c = halves[1] as number
    // As in PractRand: the first outputs would still look like the seed.
    for (let round = 0; round < 15; round++) this.#word()
  }

  next(): number {
    return this.#word() / 2 ** 32
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) bytes[at] = this.#word()
    return bytes
  }

  /** A whole number in [0, bound). */
  integer(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  #word(): number {
    const word = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0
    return word >>> 0
  }
}
