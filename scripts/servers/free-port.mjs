import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port that nobody listens on at this moment. Somebody may take it before it is used, so that
 * the caller has to be ready to ask again.
 *
 * @param {string} host
 * @returns {Promise<number>}
 */
export async function freePort(host) {
  const server = createServer()
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
