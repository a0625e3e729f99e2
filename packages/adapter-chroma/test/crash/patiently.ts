import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS_MAX = 10
const PAUSE_MS = 500

/** Repeats what a server may refuse while others write: "database is locked". */
export async function patiently(drop: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await drop()
      return
    } catch (error) {
      // An earlier attempt has done it after all.
      if (attempt > 1 && error instanceof Error && error.name === 'ChromaNotFoundError') return
      if (attempt === ATTEMPTS_MAX) throw error
      await sleep(PAUSE_MS)
    }
  }
}
