import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import type { Duplex } from 'node:stream'
import { endToEnd, linesOf } from './headers.ts'
import { joinHeld } from './held-join.ts'
import { switchedResponse } from './upgrade.ts'
import type { Guard, HeldSession } from '../websocket/held-session.ts'
import { offerPath } from '../websocket/switched.ts'

/** Milliseconds for a target to answer an upgrade: as for its other answers. */
const answerMs = 60_000

/** RFC 6455 7.4.1: the server goes away. */
const goingAway = 1001

/** Whether a request that the server has let in asks for a WebSocket. */
export const isWebSocketRequest = ({ headers }: Request): boolean =>
  headers.get('upgrade')?.toLowerCase() === 'websocket'

/**
 * Asks a target for a WebSocket, over a connection of its own. Where it agrees the two connections
 * are joined, octet by octet; where it does not, its answer is an ordinary one. Rejects where the
 * target cannot be reached or does not answer.
 *
 * @param url of the target: `http:` or `https:`
 * @param fields as they go out: names and values in turn, none of them of the hop
 */
export function sendUpgrade(
  request: Request,
  url: URL,
  fields: readonly string[],
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
    agent: false,
    method: 'GET',
    headers: ['host', url.host, ...fields, 'connection', 'Upgrade', 'upgrade', 'websocket'],
    timeout: answerMs,
    signal: request.signal,
  })
  outgoing.once('upgrade', (answer, target, early) => {
    target.setTimeout(0)
    resolve(joinedResponse(answer, target, early))
  })
  outgoing.once('response', (answer) => resolve(ordinaryResponse(answer)))
  outgoing.once('timeout', () => outgoing.destroy(new Error('the target did not answer')))
  outgoing.once('error', reject)
  outgoing.end()
  return promise
}

function joinedResponse(answer: IncomingMessage, target: Duplex, early: Buffer): Response {
  // Until it is taken over, nobody else listens.
  target.on('error', () => target.destroy())
  let guard: Guard | undefined
  let session: HeldSession | undefined
  const response = switchedResponse({
    take(_incoming, client, head) {
      client.write(answerHead(answer))
      if (early.length > 0) target.unshift(early)
      if (head.length > 0) client.unshift(head)
      if (guard === undefined) join(client, target)
      else session = joinHeld(client, target, guard)
    },
    leave() {
      session?.end(goingAway, 'the server ends')
      target.end()
    },
  })
  return offerPath(response, (given) => {
    guard = given
    return response
  })
}

/** RFC 6455 4.2.2: the target's own agreement, key and sub-protocol included. */
function answerHead(answer: IncomingMessage): string {
  const lines = [...endToEnd(linesOf(answer)), ['connection', 'Upgrade'], ['upgrade', 'websocket']]
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 101 Switching Protocols\r\n${fields.join('')}\r\n`
}

/** Pipes two streams into each other; the end of either is the end of both. */
function join(client: Duplex, target: Duplex): void {
  client.pipe(target).pipe(client)
  client.once('close', () => target.destroy())
  target.once('close', () => client.destroy())
}

function ordinaryResponse(answer: IncomingMessage): Response {
  const { statusCode: status = 502 } = answer
  const headers = endToEnd(linesOf(answer)).map(([name, value]): [string, string] => [name, value])
  // Fetch 2.2.3: these have no body.
  if (status !== 204 && status !== 205 && status !== 304) {
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers })
  }
  answer.resume()
  return new Response(null, { status, headers })
}
