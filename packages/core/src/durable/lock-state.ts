import type { ProcessIdentity } from './process-table.ts'

/** What the name of the one file in a lock's directory says. */
export type LockState = FreeLock | TakenLock

interface FreeLock {
  readonly kind: 'free'
  /** One more with each change of the name. */
  readonly generation: number
  /** 16 hexadecimal digits, new whenever the lock is taken, so that no name ever comes back. */
  readonly token: string
}

export interface TakenLock {
  readonly kind: 'taken'
  readonly generation: number
  readonly token: string
  readonly process: ProcessIdentity
  /** Milliseconds since 1970, by the clock of whoever has taken it. */
  readonly sinceMs: number
}

/** Longest part of a host's name that is kept: some file systems end names at 143 bytes. */
const HOST_CHARACTERS_MAX = 40

export function lockFileName(state: LockState): string {
  const { generation, token } = state
  if (state.kind === 'free') return `${generation}-free-${token}`
  const { pid, startedAt, place, host } = state.process
  const hostText = host.replace(/[^A-Za-z0-9.-]/g, '').slice(0, HOST_CHARACTERS_MAX)
  return [generation, 'taken', token, pid, startedAt, place, state.sinceMs, hostText].join('-')
}

/** `undefined` for names of other files. */
export function parseLockFileName(name: string): LockState | undefined {
  const free = FREE.exec(name)
  if (free !== null) {
    const [, generation, token] = free as unknown as Fields
    return { kind: 'free', generation: Number(generation), token }
  }
  const taken = TAKEN.exec(name)
  if (taken === null) return undefined
  const [, generation, token, pid, startedAt, place, sinceMs, host] = taken as unknown as Fields
  return {
    kind: 'taken',
    generation: Number(generation),
    token,
    process: { pid: Number(pid), startedAt, place, host },
    sinceMs: Number(sinceMs),
  }
}

const FREE = /^(\d{1,15})-free-([0-9a-f]{16})$/
const TAKEN =
  /^(\d{1,15})-taken-([0-9a-f]{16})-(\d{1,15})-(\d{1,20})-([0-9a-f]{16})-(\d{1,15})-([A-Za-z0-9.-]*)$/

type Fields = readonly [string, string, string, string, string, string, string, string]
