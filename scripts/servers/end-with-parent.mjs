// Runs as a worker thread in a server's process and kills that process when its stdin ends. The
// other end is held by the process that started the server and by nobody else, so it ends with
// that process however it ends, SIGKILL included. A thread of its own, because a native server may
// never give the main thread back; a socket and no blocking read, because the process could not
// exit while a thread hangs in one.
//
// It is told of a directory that nobody can remove when the starter is gone, and removes it.
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const stdin = new Socket({ fd: 0, readable: true, writable: false })
stdin.on('error', () => {
  // `close` follows.
})
stdin.on('close', () => {
  try {
    if (workerData.temporary) rmSync(workerData.temporary, { recursive: true, force: true })
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
})
stdin.resume()
parentPort?.postMessage('watching')
