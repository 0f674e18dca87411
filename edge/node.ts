import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { ServerResponse, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { Socket, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FetchHandler } from './fetch.ts'
import { requestOf } from './node/request.ts'
import { sendResponse } from './node/response.ts'
import { contextOptions, serverOptions, type NodeTls } from './node/tls.ts'
import { asksForWebSocket, switchOf, type Switch } from './node/upgrade.ts'

export { createNodeTarget, type NodeTarget } from './node/target.ts'

export type { NodeTls } from './node/tls.ts'

export interface NodeServerOptions {
  readonly app: FetchHandler
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Absent behind a proxy that ends TLS: plain HTTP. */
  readonly tls?: NodeTls
  readonly limits?: Partial<NodeServerLimits>
}

/** What one client, and all of them together, may take of a server. */
export interface NodeServerLimits {
  /** Milliseconds from a connection's first octet to the end of a request's header. */
  readonly headersMs: number
  /** Milliseconds from there to the end of the whole request, its body included. */
  readonly requestMs: number
  /** How often those two are looked at, milliseconds. */
  readonly checkMs: number
  /** Connections at a time; more are closed at once. */
  readonly connectionsMax: number
}

export interface NodeServer {
  readonly url: string
  readonly port: number
  /**
   * Puts other TLS settings in force for the handshakes to come; open connections keep theirs.
   * Throws an Error where they cannot be used, and the settings before stay.
   */
  setTls(tls: NodeTls): void
  /** Takes no more connections and waits for the requests under way, for so many milliseconds at most. */
  close(graceMs: number): Promise<void>
}

/** All field lines of a request, bytes: ALB's quota (its documentation, "HTTP headers"). */
const headerBytesMax = 64 * 1024

/** ALB's idle timeout, and its documentation asks targets for more than that (ms). */
const keepAliveMs = 65_000

const defaultLimits: NodeServerLimits = {
  // Node's own defaults, written down because callers lean on them.
  headersMs: 60_000,
  requestMs: 300_000,
  checkMs: 30_000,
  // Some 60 kB each with TLS: a gigabyte.
  connectionsMax: 16_384,
}

/** What the handlers of one server share. */
interface Serving {
  readonly app: FetchHandler
  readonly scheme: 'http' | 'https'
  readonly server: http.Server | https.Server
  /** Every connection as TCP knows it: Node's server counts none before its handshake is done. */
  readonly open: Set<Socket>
  /** Connections that have left HTTP: Node's server knows them no more. */
  readonly switched: Map<Duplex, Switch>
}

/**
 * Starts a server on `host:port`. With `tls` it asks every client for a certificate and leaves the
 * verdict to the app, whose platform is `node-tls`. Throws an Error that says what is wrong with the
 * port or the credential.
 */
export async function startNodeServer(options: NodeServerOptions): Promise<NodeServer> {
  const { app, host, port, tls } = options
  const scheme = tls === undefined ? 'http' : 'https'
  const ticketKeys = randomBytes(48)
  const server = createServer(options, ticketKeys)
  const serving: Serving = { app, scheme, server, open: new Set(), switched: new Map() }
  server.on('connection', (socket: Socket) => {
    serving.open.add(socket)
    socket.once('close', () => serving.open.delete(socket))
  })
  server.on('request', (incoming, outgoing) => void answerRequest(serving, incoming, outgoing))
  server.on(
    'upgrade',
    (incoming, socket, head) => void answerUpgrade(serving, incoming, socket, head),
  )
  await listen(server, host, port)
  const bound = (server.address() as AddressInfo).port
  return {
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    setTls(next) {
      if (!(server instanceof https.Server)) throw new Error('this server does not end TLS')
      server.setSecureContext(contextOptions(next, ticketKeys))
    },
    close: (graceMs) => drain(serving, graceMs),
  }
}

function createServer(
  { tls, limits }: NodeServerOptions,
  ticketKeys: Buffer,
): http.Server | https.Server {
  const { headersMs, requestMs, checkMs, connectionsMax } = { ...defaultLimits, ...limits }
  const options = {
    maxHeaderSize: headerBytesMax,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
    shouldUpgradeCallback: asksForWebSocket,
  }
  const server =
    tls === undefined
      ? http.createServer(options)
      : https.createServer({ ...options, ...serverOptions, ...contextOptions(tls, ticketKeys) })
  server.maxConnections = connectionsMax
  tellOfDrops(server, connectionsMax)
  return server
}

/** Once, until there is room again: whoever floods a server shall not flood its log. */
function tellOfDrops(server: http.Server, connectionsMax: number): void {
  let isTold = false
  server.on('connection', () => {
    isTold = false
  })
  server.on('drop', () => {
    if (!isTold) console.error(`connections are dropped: ${connectionsMax} are open`)
    isTold = true
  })
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

function answerRequest(
  serving: Serving,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // While the server drains, a connection ends with the answer that was under way.
  outgoing.once('finish', () => {
    if (!serving.server.listening) incoming.socket.end()
  })
  return answer(serving, incoming, outgoing, () => {
    throw new Error('a request that asked for no upgrade was switched')
  })
}

/** An upgrade that is agreed to leaves HTTP; any other answer to one is the connection's last. */
async function answerUpgrade(
  serving: Serving,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  // From here on nobody else listens: a reset by the client must not end the process.
  socket.on('error', () => socket.destroy())
  const outgoing = new ServerResponse(incoming)
  outgoing.shouldKeepAlive = false
  if (socket instanceof Socket) outgoing.assignSocket(socket)
  outgoing.once('finish', () => socket.end())
  await answer(serving, incoming, outgoing, (to) => {
    if (socket instanceof Socket) outgoing.detachSocket(socket)
    takeOver(serving, to, { incoming, socket, head })
  })
}

interface Upgrading {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

function takeOver({ server, switched }: Serving, to: Switch, upgrading: Upgrading): void {
  const { incoming, socket, head } = upgrading
  if (socket.destroyed) return to.leave()
  switched.set(socket, to)
  socket.once('close', () => switched.delete(socket))
  to.take(incoming, socket, head)
  if (!server.listening) to.leave()
  return undefined
}

async function answer(
  { app, scheme }: Serving,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  switchTo: (to: Switch) => void,
): Promise<void> {
  try {
    const request = requestOf(incoming, { scheme, signal: goneSignal(outgoing) })
    if (!request.ok) {
      const { status, because } = request.error
      outgoing.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
      outgoing.end(`${because}\n`)
      return
    }
    const response = await app.fetch(request.value)
    const to = switchOf(response)
    if (to === undefined) await sendResponse(response, incoming, outgoing)
    else switchTo(to)
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

async function drain({ server, open, switched }: Serving, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const to of switched.values()) to.leave()
  const deadline = setTimeout(() => {
    for (const socket of open) socket.destroy()
  }, graceMs)
  await closed
  clearTimeout(deadline)
}
