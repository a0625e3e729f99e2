import type { Random } from '../durable/random.ts'

/** What a power cut leaves of changes that were not synced: all, none, or what chance decides. */
export type Survival = 'all' | 'none' | Random

/** Disks write sectors as wholes. */
const SECTOR_BYTES = 512

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array; lost: boolean }
  | { readonly kind: 'truncate' | 'extend'; readonly sizeBytes: number; lost: boolean }

/** A file of a `MemoryFileSystem`: what programs see, what is durable, and what lies between. */
export class MemoryFile {
  readonly id: number
  modifiedMs: number
  #seen = new Content()
  #durable = new Content()
  #changes: Change[] = []

  constructor(id: number, modifiedMs: number) {
    this.id = id
    this.modifiedMs = modifiedMs
  }

  get sizeBytes(): number {
    return this.#seen.sizeBytes
  }

  read(at: number, lengthBytes: number): Uint8Array {
    return this.#seen.read(at, lengthBytes)
  }

  write(at: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const change: Change = { kind: 'write', at, bytes: new Uint8Array(bytes), lost: false }
    this.#changes.push(change)
    apply(change, this.#seen)
  }

  truncate(sizeBytes: number): void {
    const change: Change = { kind: 'truncate', sizeBytes, lost: false }
    this.#changes.push(change)
    apply(change, this.#seen)
  }

  sync(): void {
    const lost: Change[] = []
    for (const change of this.#changes) {
      if (change.lost) {
        lost.push(change)
        continue
      }
      apply(change, this.#durable)
      if (change.kind === 'truncate') dropBeyond(lost, change.sizeBytes)
    }
    this.#changes = lost
  }

  /**
   * What a failed sync does: programs go on seeing what they wrote, later syncs succeed, but those
   * changes are not tried again (Rebello et al., "Can Applications Recover from fsync Failures?",
   * USENIX ATC 2020).
   */
  forget(): void {
    for (const change of this.#changes) change.lost = true
  }

  copy(): MemoryFile {
    const copy = new MemoryFile(this.id, this.modifiedMs)
    copy.#seen = this.#seen.copy()
    copy.#durable = this.#durable.copy()
    copy.#changes = this.#changes.map((change) => ({ ...change }))
    return copy
  }

  afterPowerCut(survival: Survival): MemoryFile {
    const file = new MemoryFile(this.id, this.modifiedMs)
    const content = this.#durable.copy()
    for (const change of this.#changes) {
      for (const part of surviving(change, survival)) apply(part, content)
    }
    file.#durable = content
    file.#seen = content.copy()
    return file
  }
}

/** Growing in steps, so that a thousand appends don't copy the file a thousand times. */
class Content {
  #bytes = new Uint8Array(64)
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  read(at: number, lengthBytes: number): Uint8Array {
    return this.#bytes.slice(at, Math.min(at + lengthBytes, this.#sizeBytes))
  }

  write(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.#sizeBytes) this.resize(at + bytes.length)
    this.#bytes.set(bytes, at)
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(sizeBytes, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, this.#sizeBytes))
      this.#bytes = larger
    }
    if (sizeBytes < this.#sizeBytes) this.#bytes.fill(0, sizeBytes, this.#sizeBytes)
    this.#sizeBytes = sizeBytes
  }

  copy(): Content {
    const copy = new Content()
    copy.write(0, this.#bytes.subarray(0, this.#sizeBytes))
    return copy
  }
}

function apply(change: Change, content: Content): void {
  if (change.kind === 'write') content.write(change.at, change.bytes)
  else if (change.kind === 'truncate') content.resize(change.sizeBytes)
  else content.resize(Math.max(change.sizeBytes, content.sizeBytes))
}

function dropBeyond(changes: Change[], sizeBytes: number): void {
  const kept = changes.filter((change) => change.kind === 'write' && change.at < sizeBytes)
  changes.splice(0, changes.length, ...kept)
}

/** The writes and truncations that are left of one that was not synced. */
function surviving(change: Change, survival: Survival): readonly Change[] {
  if (survival === 'all') return [change]
  if (survival === 'none') return []
  const fate = Math.floor(survival.next() * 4)
  if (fate === 0) return []
  if (fate === 1 || change.kind !== 'write') return [change]
  if (fate === 3) return withHoles(change, survival)
  const lengthBytes = Math.floor(survival.next() * change.bytes.length)
  return [{ ...change, bytes: change.bytes.slice(0, lengthBytes) }]
}

/**
 * Some sectors are written and others are not. The file has its new size all the same, and what was
 * added but not written reads as zeros.
 */
function withHoles(change: Change & { kind: 'write' }, random: Random): readonly Change[] {
  const { at, bytes } = change
  const parts: Change[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + SECTOR_BYTES - ((at + start) % SECTOR_BYTES))
    const part = { ...change, at: at + start, bytes: bytes.slice(start, end) }
    parts.push(random.next() < 0.5 ? part : { kind: 'extend', sizeBytes: at + end, lost: false })
    start = end
  }
  return parts
}
