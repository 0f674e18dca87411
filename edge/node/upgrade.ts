import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** What becomes of a connection whose upgrade was agreed to. */
export interface Switch {
  /** Answers the upgrade and has the connection to itself from then on; `head` came behind the request. */
  take(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends what was begun, taken over or not: the server goes, or the client has gone. */
  leave(): void
}

/** Fetch's Response has no status 101 here and no field for a socket, as a Worker's has. */
const switches = new WeakMap<Response, Switch>()

/** The response that agrees to an upgrade. Handed on as it is: a copy of it agrees to nothing. */
export function switchedResponse(to: Switch): Response {
  const response = new Response(null)
  switches.set(response, to)
  return response
}

/** What a response agreed to; undefined where it is an ordinary one. */
export const switchOf = (response: Response): Switch | undefined => switches.get(response)

/**
 * Whether a request asks for a WebSocket (RFC 6455 4.1): the one protocol that is switched to. Other
 * upgrades are passed over, as RFC 9110 7.8 allows; content would be read as frames.
 */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] ?? '0') === '0'
  )
}
