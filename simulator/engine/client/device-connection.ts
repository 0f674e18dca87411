import type { TLSSocket } from 'node:tls'
import { Client } from 'undici'
import { err, ok, type Result } from '#shared/result.ts'
import { failureOf, type ConnectionFailure } from './failure.ts'
import { openTls, type TlsConnection, type TlsOptions } from './tls-connection.ts'

export interface DeviceRequest {
  readonly method: string
  readonly path: string
  /** Several values make several lines. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array
}

export interface DeviceResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed where the content type is JSON, else text. */
  readonly body: unknown
}

/** One device's HTTP/1.1 connection: its requests follow each other on the same socket. */
export interface DeviceConnection {
  readonly resumed: boolean
  /** The newest session the server offered, for a resumed connection later on. */
  readonly session: () => Buffer | undefined
  /** Requests answered so far. */
  answered(): number
  /** Whether the far side has ended the connection, as far as this side can know. */
  isClosed(): boolean
  request(request: DeviceRequest): Promise<Result<DeviceResponse, ConnectionFailure>>
  close(): Promise<void>
}

/** Bounds the wait for an answer's head, and each pause in its body; real time. */
const answerTimeoutMs = 30_000

/** Devices hold connections over virtual hours: this side never ends an idle one by itself. */
const idleTimeoutMs = 24 * 3_600_000

/** Opens a device's connection. A closed, silent or absent far side is a failure, never an exception. */
export async function connect(
  options: TlsOptions,
): Promise<Result<DeviceConnection, ConnectionFailure>> {
  const opened = await openTls(options)
  if (!opened.ok) return opened
  return ok(connectionOver(opened.value, options))
}

function connectionOver(tls: TlsConnection, { servername, port }: TlsOptions): DeviceConnection {
  const client = clientOver(tls.socket, `https://${servername}:${port}`)
  let answered = 0
  return {
    resumed: tls.resumed,
    session: tls.session,
    answered: () => answered,
    isClosed: () => isEnded(tls.socket),
    async request(request) {
      const response = await send(client, request, answered)
      if (response.ok) answered += 1
      return response
    },
    async close() {
      await client.destroy()
      tls.socket.destroy()
    },
  }
}

/** undici over a socket that is already open; when that is gone it must not open another one. */
function clientOver(socket: TLSSocket, origin: string): Client {
  let taken = false
  return new Client(origin, {
    pipelining: 1,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    keepAliveMaxTimeout: idleTimeoutMs,
    connect(_options, callback) {
      const usable = !taken && !isEnded(socket)
      taken = true
      // undici sends nothing over a socket that it is given before this call returns.
      queueMicrotask(() => (usable ? callback(null, socket) : callback(closedError(), null)))
    },
  })
}

/** Said to undici in place of a new socket, with a code that `failureOf` knows. */
function closedError(): Error {
  return Object.assign(new Error('the connection has been closed'), { code: 'ECONNRESET' })
}

function isEnded(socket: TLSSocket): boolean {
  return socket.destroyed || socket.readableEnded
}

async function send(
  client: Client,
  { method, path, headers, body }: DeviceRequest,
  answered: number,
): Promise<Result<DeviceResponse, ConnectionFailure>> {
  try {
    const response = await client.request({
      method,
      path,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.body.text()
    return readResponse(response.statusCode, response.headers, text)
  } catch (error) {
    return err(failureOf(error, answered))
  }
}

function readResponse(
  status: number,
  headers: DeviceResponse['headers'],
  text: string,
): Result<DeviceResponse, ConnectionFailure> {
  const body = readBody(String(headers['content-type'] ?? ''), text)
  return body.ok ? ok({ status, headers, body: body.value }) : body
}

/** JSON (RFC 6839 3.1: also `…+json`, such as problem documents) is parsed; all else stays text. */
export function readBody(contentType: string, text: string): Result<unknown, ConnectionFailure> {
  if (text === '' || !/^application\/([\w.-]+\+)?json\b/i.test(contentType)) return ok(text)
  try {
    return ok(JSON.parse(text))
  } catch (error) {
    return err({ kind: 'protocol_error', detail: `JSON that is none: ${String(error)}` })
  }
}
