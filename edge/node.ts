import { constants } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { FetchHandler } from './fetch.ts'
import { requestOf } from './node-request.ts'
import { sendResponse } from './node-response.ts'

/** How the server ends mutual TLS by itself. */
export interface NodeTls {
  /** PEM, PKCS#8 or older. */
  readonly keyPem: string
  /** PEM: the server's certificate, then its intermediates. */
  readonly certPem: string
  /**
   * `never` (the default): every handshake is a full one. `allowed`: TLS tickets save devices
   * handshakes; they bring the leaf alone, so the trust store must hold the intermediates. Revocation
   * is asked at every request either way.
   */
  readonly resumption?: 'never' | 'allowed'
}

export interface NodeServerOptions {
  readonly app: FetchHandler
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Absent behind a proxy that ends TLS: plain HTTP. */
  readonly tls?: NodeTls
}

export interface NodeServer {
  readonly url: string
  readonly port: number
  /** Takes no more connections and waits for the requests under way, for so many milliseconds at most. */
  close(graceMs: number): Promise<void>
}

/** All field lines of a request, bytes: ALB's quota (its documentation, "HTTP headers"). */
const headerBytesMax = 64 * 1024

/** ALB's idle timeout, and its documentation asks targets for more than that (ms). */
const keepAliveMs = 65_000

/**
 * Starts a server on `host:port`. With `tls` it asks every client for a certificate and leaves the
 * verdict to the app, whose platform is `node-tls`. Throws an Error that says what is wrong with the
 * port or the credential.
 */
export async function startNodeServer(options: NodeServerOptions): Promise<NodeServer> {
  const { app, host, port, tls } = options
  const scheme = tls === undefined ? 'http' : 'https'
  const server = createServer(tls)
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // While the server drains, a connection ends with the answer that was under way.
    outgoing.once('finish', () => {
      if (!server.listening) incoming.socket.end()
    })
    void answer(app, scheme, incoming, outgoing)
  })
  await listen(server, host, port)
  const bound = (server.address() as AddressInfo).port
  return {
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: (graceMs) => drain(server, graceMs),
  }
}

function createServer(tls: NodeTls | undefined): http.Server | https.Server {
  const options = { maxHeaderSize: headerBytesMax, keepAliveTimeout: keepAliveMs }
  if (tls === undefined) return http.createServer(options)
  try {
    return https.createServer({ ...options, ...tlsOptions(tls) })
  } catch (cause) {
    // OpenSSL's sentence says which of the two it is, and repeats neither.
    throw new Error(`the certificate and its key cannot be used: ${String(cause)}`, { cause })
  }
}

/**
 * No authority of Node's own: any certificate may be sent, Node's verdict on it is not used, and Node
 * 24.21 drops the intermediates of just those chains that it can verify (nodejs/node#65579). A
 * renegotiation could change the certificate under a connection whose chain has been read.
 */
function tlsOptions({ keyPem, certPem, resumption }: NodeTls): https.ServerOptions {
  const tickets = resumption === 'allowed' ? 0 : constants.SSL_OP_NO_TICKET
  return {
    key: keyPem,
    cert: certPem,
    ca: [],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 30_000,
    secureOptions: tickets | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

async function listen(server: http.Server, host: string, port: number): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new Error(listenFailure(host, port, cause), { cause })
  }
}

function listenFailure(host: string, port: number, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code !== 'EADDRINUSE') return `cannot listen on ${host}:${port}: ${String(cause)}`
  return `port ${port} on ${host} is in use: stop the program that listens there, or choose another port`
}

async function answer(
  app: FetchHandler,
  scheme: 'http' | 'https',
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const request = requestOf(incoming, { scheme, signal: goneSignal(outgoing) })
    if (request.ok) {
      return await sendResponse(await app.fetch(request.value), incoming, outgoing)
    }
    const { status, because } = request.error
    outgoing.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
    outgoing.end(`${because}\n`)
  } catch (error) {
    // Without a client there is nobody to answer, and nothing is wrong.
    if (!outgoing.destroyed) console.error(`a request failed: ${String(error)}`)
    fail(outgoing)
  }
}

/** An answer begun is cut, so that it is not taken for a whole one. */
function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent) return void outgoing.destroy()
  outgoing.writeHead(500, { connection: 'close' }).end()
}

/** Aborts when the connection ends before the answer does. */
function goneSignal(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort()
  })
  return controller.signal
}

async function drain(server: http.Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const deadline = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(deadline)
}
