import http, { type IncomingMessage } from 'node:http'
import { Transform, type Duplex } from 'node:stream'
import { endToEndHeaders, frontHeader } from './headers.ts'

/** Time for the worker to answer an upgrade, milliseconds of real time. */
const upgradeTimeoutMs = 30_000

/** Whether a request asks for a WebSocket (RFC 6455 4.1): the one protocol that is switched to. */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

/** Where an upgrade goes, and with which header fields: a flat list of names and values. */
export interface UpgradeTarget {
  readonly upstream: URL
  readonly headers: readonly string[]
  /** Awaited before anything more of the client goes to the worker; a failure ends the connection. */
  readonly beforeSent: () => Promise<void>
}

/**
 * Sends a WebSocket upgrade on. When the worker agrees, bytes are piped both ways; when it
 * answers anything else, that answer goes to the client and the connection ends, so that nothing
 * after it reaches the upstream unfiltered.
 */
export function proxyUpgrade(
  { upstream, headers, beforeSent }: UpgradeTarget,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  const outgoing = http.request(upstream, {
    agent: false,
    method: 'GET',
    path: request.url ?? '/',
    headers: [...headers, 'connection', 'Upgrade', 'upgrade', 'websocket'],
    timeout: upgradeTimeoutMs,
  })
  outgoing.once('upgrade', (answer, worker, early) => {
    client.write(answerHead(answer, answer.rawHeaders))
    if (early.length > 0) client.write(early)
    if (head.length > 0) worker.write(head)
    joinStreams(client, worker, beforeSent)
  })
  outgoing.once('response', (answer) => {
    client.write(answerHead(answer, refusalHeaders(answer)))
    answer.once('error', () => client.destroy())
    answer.pipe(client)
  })
  outgoing.once('timeout', () => outgoing.destroy(new Error('the worker did not answer')))
  outgoing.once('error', (error) => refuseUpgrade(client, 'upstream-unreachable', error.message))
  client.once('close', () => outgoing.destroy())
  outgoing.end()
}

/** Answers an upgrade with 502 in the front's own name. */
export function refuseUpgrade(client: Duplex, word: string, detail: string): void {
  if (client.destroyed) return
  client.end(
    `HTTP/1.1 502 Bad Gateway\r\n${frontHeader}: ${word}\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(detail)}\r\n\r\n${detail}`,
  )
}

function answerHead(answer: IncomingMessage, rawHeaders: readonly string[]): string {
  let text = `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}\r\n`
  for (let index = 0; index < rawHeaders.length; index += 2) {
    text += `${rawHeaders[index] ?? ''}: ${rawHeaders[index + 1] ?? ''}\r\n`
  }
  return `${text}\r\n`
}

/** The body is sent as it comes and ended by the close of the connection (RFC 9112 6.3). */
function refusalHeaders(answer: IncomingMessage): string[] {
  const headers = Object.entries(endToEndHeaders(answer.headers)).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [name, one]),
  )
  return [...headers, 'connection', 'close']
}

/** Pipes two streams into each other; the end of either is the end of both. */
function joinStreams(client: Duplex, worker: Duplex, beforeSent: () => Promise<void>): void {
  const toWorker = waiting(beforeSent)
  client.pipe(toWorker).pipe(worker).pipe(client)
  for (const [one, other] of [
    [client, worker],
    [worker, client],
    [toWorker, client],
  ] as const) {
    one.once('error', () => other.destroy())
    one.once('close', () => other.destroy())
  }
}

async function settle(
  work: () => Promise<void>,
  done: (error: Error | null) => void,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    return done(error instanceof Error ? error : new Error(String(error)))
  }
  done(null)
}

/** Passes everything on, each piece as soon as `ready` allows it; its failure ends the stream. */
function waiting(ready: () => Promise<void>): Transform {
  return new Transform({
    transform(piece, _encoding, done) {
      void settle(ready, (error) => done(error, piece))
    },
  })
}
