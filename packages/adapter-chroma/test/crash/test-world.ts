import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AdminClient, ChromaClient } from 'chromadb'
import { patiently } from './patiently.ts'
import type { TrialWorld } from './trial.ts'
import { WorkerPool } from './worker-pool.ts'

const TENANT = 'default_tenant'
let opened = 0

/** A database, a directory and workers that nobody else uses. */
export async function openWorld(url: string): Promise<TrialWorld> {
  const { hostname: host, port: portText } = new URL(url)
  const port = Number(portText)
  const database = `crash-${process.pid}-${Date.now()}-${opened++}`
  await new AdminClient({ host, port, ssl: false }).createDatabase({
    name: database,
    tenant: TENANT,
  })
  const chroma = { host, port, tenant: TENANT, database }
  const pool = new WorkerPool(2)
  return {
    pool,
    helper: await pool.take(),
    client: new ChromaClient(chroma),
    chroma,
    root: await mkdtemp(join(tmpdir(), 'holdfast-crash-')),
  }
}

/** @param keep whether to leave what is there, for somebody to look at */
export async function closeWorld(
  world: TrialWorld | undefined,
  { keep }: { readonly keep: boolean },
): Promise<void> {
  if (world === undefined) return
  await world.pool.close()
  const { chroma, root } = world
  if (keep) return console.error(`What was left is in ${root} and in ${chroma.database}.`)
  await rm(root, { recursive: true, force: true })
  const { host, port, tenant, database } = chroma
  const admin = new AdminClient({ host, port, ssl: false })
  await patiently(() => admin.deleteDatabase({ name: database, tenant }))
}
