import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** What `get` is asked. */
interface GetBody {
  readonly ids?: readonly string[] | null
  readonly limit?: number | null
  readonly offset?: number | null
}

/**
 * What happens to one request to `get`: other values in it, another answer, an answer that goes on
 * for ever, or none.
 */
export type Alter = (request: GetBody) =>
  | 'trickle'
  | 'silence'
  | {
      readonly request?: GetBody
      readonly answer?: (columns: Readonly<Record<string, unknown>>) => object
    }

export interface AlteringProxy {
  readonly port: number
  /** Connections that wait for the end of an answer that goes on for ever, or for its start. */
  readonly waiting: number
  close(): Promise<void>
}

const TRICKLE_MS = 20

/** Between client and server. Everything but `get` passes as it is. */
export async function alteringProxy(url: string, alter: Alter): Promise<AlteringProxy> {
  let waiting = 0
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/', headers } = incoming
    const chunks: Uint8Array[] = []
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
    let body = Buffer.concat(chunks).toString()
    const altered = path.endsWith('/get') ? alter(JSON.parse(body) as GetBody) : {}
    if (altered === 'silence' || altered === 'trickle') {
      waiting++
      outgoing.on('close', () => waiting--)
      if (altered === 'trickle') trickle(outgoing)
      return
    }
    const { request, answer } = altered
    if (request !== undefined)
      body = JSON.stringify({ ...(JSON.parse(body) as object), ...request })
    const response = await fetch(new URL(path, url), {
      method,
      headers: typeOf(headers),
      ...(body === '' ? {} : { body }),
    })
    let text = await response.text()
    if (answer !== undefined) text = JSON.stringify(answer(JSON.parse(text)))
    outgoing.writeHead(response.status, { 'content-type': 'application/json' })
    outgoing.end(text)
  }
  const proxy = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: Error) => outgoing.destroy(error))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    port: (proxy.address() as AddressInfo).port,
    get waiting() {
      return waiting
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        proxy.closeAllConnections()
      }),
  }
}

function trickle(outgoing: ServerResponse): void {
  outgoing.writeHead(200, { 'content-type': 'application/json' })
  outgoing.write('{"ids":["')
  const timer = setInterval(() => outgoing.write('x'), TRICKLE_MS)
  outgoing.on('close', () => clearInterval(timer))
}

function typeOf({ 'content-type': type }: IncomingHttpHeaders): Record<string, string> {
  return type === undefined ? {} : { 'content-type': type }
}
