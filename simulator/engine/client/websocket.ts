import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { err, ok, type Result } from '#shared/result.ts'
import { readBody } from './device-connection.ts'
import { closedConnection, failureOf, type ConnectionFailure } from './failure.ts'
import { openTls, type TlsOptions } from './tls-connection.ts'

/** The edge's own refusal: by problem document in place of the upgrade, or by closing later on. */
interface EdgeRefusal {
  readonly kind: 'refused'
  /** The rejection's code. */
  readonly code: string
  readonly by: { readonly status: number } | { readonly closeCode: number }
}

export type SocketFailure = ConnectionFailure | EdgeRefusal

export interface WebSocketOptions extends TlsOptions {
  readonly path: string
  readonly subProtocol: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An open WebSocket, paused so that nothing is lost before its owner listens. */
export interface OpenWebSocket {
  readonly webSocket: WebSocket
  /** Why it closed, once it has, by either side. */
  readonly ended: Promise<SocketFailure>
}

/** Bounds the wait for the answer to the upgrade, milliseconds of real time. */
const upgradeTimeoutMs = 30_000

/** Opens a WebSocket over a TLS connection of its own (RFC 6455), and tells a refusal from a failure. */
export async function openWebSocket(
  options: WebSocketOptions,
): Promise<Result<OpenWebSocket, SocketFailure>> {
  const opened = await openTls(options)
  if (!opened.ok) return opened
  const { socket } = opened.value
  const url = `wss://${options.servername}:${options.port}${options.path}`
  const webSocket = new WebSocket(url, [options.subProtocol], {
    createConnection: () => socket,
    perMessageDeflate: false,
    handshakeTimeout: upgradeTimeoutMs,
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  })
  const ended = endOf(webSocket)
  const upgraded = await settleUpgrade(webSocket)
  if (upgraded.ok) return ok({ webSocket, ended })
  socket.destroy()
  return upgraded
}

function endOf(webSocket: WebSocket): Promise<SocketFailure> {
  return new Promise((resolve) => {
    webSocket.once('close', (code, reason) => resolve(closeFailure(code, reason.toString('utf8'))))
  })
}

function settleUpgrade(webSocket: WebSocket): Promise<Result<void, SocketFailure>> {
  return new Promise((resolve) => {
    webSocket.once('open', () => {
      webSocket.pause()
      resolve(ok(undefined))
    })
    // Stays for the socket's life: later errors show as its close.
    webSocket.on('error', (error) => resolve(err(upgradeFailure(error))))
    webSocket.once('unexpected-response', (_request, response: IncomingMessage) => {
      readRefusal(response).then(
        (failure) => resolve(err(failure)),
        (error: unknown) => resolve(err(failureOf(error, 0))),
      )
    })
  })
}

/** ws gives its time-out no code, only this text. */
function upgradeFailure(error: Error): ConnectionFailure {
  if (error.message !== 'Opening handshake has timed out') return failureOf(error, 0)
  return { kind: 'timed_out', detail: error.message }
}

/** A problem document with a code is a decision; every other answer is a fault on the way. */
async function readRefusal(response: IncomingMessage): Promise<SocketFailure> {
  const status = response.statusCode ?? 0
  const body = readBody(response.headers['content-type'] ?? '', await text(response))
  if (!body.ok) return body.error
  const code = codeOf(body.value)
  if (code !== undefined) return { kind: 'refused', code, by: { status } }
  const word = response.headers['x-sallyport-front']
  return {
    kind: 'protocol_error',
    detail: `upgrade answered with ${status} ${String(word ?? '')}`.trim(),
  }
}

function codeOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('code' in body)) return undefined
  return typeof body.code === 'string' ? body.code : undefined
}

/**
 * What the close of an open WebSocket means: with a code from 4000 on (RFC 6455 7.4.2, private
 * use) the edge says why it cut the session; every other close is just that.
 */
function closeFailure(closeCode: number, reason: string): SocketFailure {
  if (closeCode >= 4000 && reason !== '')
    return { kind: 'refused', code: reason, by: { closeCode } }
  // The upgrade had been answered: whoever closes now did not refuse the handshake.
  return closedConnection(1, `WebSocket closed with ${closeCode} ${reason}`.trim())
}
