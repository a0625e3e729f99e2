import { hash } from 'node:crypto'
import { OrderFreeSum } from './order-free-sum.ts'

/** Adds up which records there are, by their ids, in any order and in constant memory. */
export class IdDigest {
  readonly #sum = new OrderFreeSum()

  addAll(ids: Iterable<string>): void {
    for (const id of ids) this.#sum.add(hash('sha256', id, 'buffer'))
  }

  get count(): number {
    return this.#sum.count
  }

  /** 64 hexadecimal digits. Equal for equal sets of ids. */
  digest(): string {
    return this.#sum.digest()
  }
}
