import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { endToEnd } from './headers.ts'

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
  await writeBody(response.body, outgoing)
}

/**
 * Part by part, by hand: with Node's `pipeline` and its adapter a small answer costs more, as
 * each of them ends with an abort that nobody listens to.
 */
async function writeBody(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
): Promise<void> {
  const reader = body.getReader()
  // What the body has to say about it, the read under way hears as well.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  outgoing.once('close', cancel)
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (outgoing.destroyed) return
      if (!outgoing.write(part.value)) await drained(outgoing)
    }
    if (!outgoing.destroyed) outgoing.end()
  } catch (error) {
    // What was written is on its way by then: the client sees an answer that breaks off, and no other fault.
    await turn()
    outgoing.destroy()
    throw error
  } finally {
    outgoing.off('close', cancel)
  }
}

/** Until whoever reads has taken what it was sent, or has gone. */
export function drained(outgoing: Writable): Promise<void> {
  return new Promise((resolve) => {
    const ready = (): void => {
      outgoing.off('drain', ready)
      outgoing.off('close', ready)
      resolve()
    }
    outgoing.on('drain', ready)
    outgoing.on('close', ready)
  })
}
