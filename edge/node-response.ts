import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { endToEnd } from './node-headers.ts'

/**
 * Writes Fetch's response to Node's, the body at the client's pace. A body that breaks off cuts the
 * connection, so that the client never takes a part for the whole. A request whose body has not been
 * read to its end is the last of its connection: what follows could not be told from its rest.
 */
export async function sendResponse(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  if (outgoing.destroyed) {
    await response.body?.cancel()
    return
  }
  // Node's own field lines: `set-cookie` is several of them, the only one that is (RFC 9110 5.3).
  const lines = endToEnd([...response.headers])
  outgoing.writeHead(response.status, [
    ...lines.flat(),
    ...(incoming.complete ? [] : ['connection', 'close']),
  ])
  if (response.body === null || incoming.method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
    return
  }
  await pipeline(Readable.fromWeb(response.body), outgoing)
}
