import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import { constants } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { Pool } from 'undici'
import type { Clock, Instant } from '#shared/time.ts'
import { createAdmissions, type Admission, type Admissions } from './admission.ts'
import {
  controlHeader,
  controlValue,
  timeOnly,
  upstreamHeaders,
  type ToldWorld,
} from './headers.ts'
import { chainOptions } from './peer-chain.ts'
import type { FrontProfile, Judge } from './profile.ts'
import { answerByFront, proxyRequest } from './proxy.ts'
import { assertPeerChainIsSeen, type ServerCredential } from './self-test.ts'
import { asksForWebSocket, proxyUpgrade, refuseUpgrade } from './upgrade.ts'

export interface FrontOptions {
  readonly profile: FrontProfile
  /** Where the worker listens, `http://127.0.0.1:port`. */
  readonly upstream: string
  /** Proves to the worker that a control header is the front's own; random per run. */
  readonly localKey: string
  /** The virtual clock: the validity that the platform speaks of follows it. */
  readonly clock: Clock
  /** What the worker's own clock says at an instant, and whether it reaches its bucket then. */
  readonly worker?: {
    readonly clockAt: (at: Instant) => Instant
    readonly isBucketReachedAt: (at: Instant) => boolean
  }
  readonly judge: Judge
  /** `never`: no tickets and no session cache, every handshake is a full one. */
  readonly resumption: 'never' | 'allowed'
  readonly serverCredential: ServerCredential
  /** 0: any free port. */
  readonly port: number
}

export interface Front {
  readonly url: string
  readonly port: number
  /** Handshakes completed since the start, resumed ones too. */
  handshakes(): number
  /**
   * Puts another profile in force. New connections meet it at the handshake, open ones at their
   * next request: one that it does not admit is closed then.
   */
  use(profile: FrontProfile): void
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

/** All header fields of a request, bytes: ALB's quota (its documentation, "HTTP headers"). */
const headerBytesMax = 64 * 1024

/** Upstream connections: workerd answers on one thread, so more would only queue. */
const upstreamConnectionsMax = 64

/** Held device connections idle for long stretches of real time between two virtual ticks. */
const idleTimeoutMs = 10 * 60_000

/** What the handlers of one front share. */
interface FrontState {
  readonly options: FrontOptions
  readonly pool: Pool
  readonly upstream: URL
  readonly admissions: Admissions
  profile: FrontProfile
  handshakes: number
  requests: number
  /** The latest instant that the worker was told beside requests, and when it will have heard. */
  told: { readonly at: Instant; readonly done: Promise<void> } | undefined
}

/**
 * Starts a TLS terminator on 127.0.0.1 that asks for a client certificate, lets in whom its
 * platform would, and hands the facts to the worker as its platform would. Throws an Error that
 * says what to do when the port is taken or when this Node cannot see a client's intermediates.
 */
export async function startFront(options: FrontOptions): Promise<Front> {
  await assertPeerChainIsSeen(options.serverCredential)
  const state = createState(options)
  const sockets = new Set<Socket>()
  const server = createServer(state, sockets)
  await listen(server, options.port)
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    handshakes: () => state.handshakes,
    use(profile) {
      state.profile = profile
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed, state.pool.destroy()])
    },
  }
}

function createState(options: FrontOptions): FrontState {
  const { clock, judge, profile } = options
  const state: FrontState = {
    options,
    pool: createPool(options.upstream),
    upstream: new URL(options.upstream),
    admissions: createAdmissions({ clock, judge, profile: () => state.profile }),
    profile,
    handshakes: 0,
    requests: 0,
    told: undefined,
  }
  return state
}

function createPool(upstream: string): Pool {
  return new Pool(upstream, {
    connections: upstreamConnectionsMax,
    pipelining: 1,
    // workerd closes an idle connection after 5 s; a request must not meet it closing.
    keepAliveTimeout: 2_000,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    connectTimeout: 5_000,
    maxHeaderSize: headerBytesMax,
  })
}

function createServer(state: FrontState, sockets: Set<Socket>): https.Server {
  const server = https.createServer({ ...tlsOptions(state.options), ...httpOptions })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // Before the HTTP parser reads: the chain can be read once, and only now.
  server.prependListener('secureConnection', (socket: TLSSocket) => void open(state, socket))
  server.on('request', (request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      answerByFront(response, 502, 'front-failed', String(error))
    })
  })
  server.on('upgrade', (request, socket, head) => {
    // From here on nobody else listens: a reset by the client must not end the process.
    socket.on('error', () => socket.destroy())
    upgrade(state, request, socket, head).catch((error: unknown) => {
      refuseUpgrade(socket, 'front-failed', String(error))
    })
  })
  return server
}

const httpOptions = {
  keepAliveTimeout: idleTimeoutMs,
  maxHeaderSize: headerBytesMax,
  shouldUpgradeCallback: asksForWebSocket,
}

function tlsOptions({ serverCredential, resumption }: FrontOptions): https.ServerOptions {
  return {
    key: serverCredential.keyPem,
    cert: serverCredential.certPem,
    ...chainOptions,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 30_000,
    // Without tickets nothing is resumed, in TLS 1.3 neither: Node keeps no cache of its own.
    ...(resumption === 'never' ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
  }
}

async function listen(server: https.Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new Error(listenFailure(port, cause), { cause })
  }
}

function listenFailure(port: number, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code !== 'EADDRINUSE') return `the front cannot listen on 127.0.0.1:${port}: ${String(cause)}`
  return (
    `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose ` +
    'another port (0 takes any free one)'
  )
}

async function open(state: FrontState, socket: TLSSocket): Promise<void> {
  state.handshakes += 1
  const admission = await state.admissions.open(socket)
  if (admission.kind === 'closed') socket.destroy()
}

async function answer(
  state: FrontState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const admission = await state.admissions.of(request.socket as TLSSocket)
  if (admission.kind === 'closed') return void request.socket.destroy()
  if (admission.kind === 'broken') {
    return answerByFront(response, 502, 'judge-failed', admission.detail)
  }
  proxyRequest(state.pool, headersFor(state, admission, request), request, response)
}

async function upgrade(
  state: FrontState,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const admission = await state.admissions.of(request.socket as TLSSocket)
  if (admission.kind === 'closed') return void socket.destroy()
  if (admission.kind === 'broken') return refuseUpgrade(socket, 'judge-failed', admission.detail)
  const { upstream } = state
  const headers = headersFor(state, admission, request)
  const target = { upstream, headers, beforeSent: () => tellTime(state) }
  proxyUpgrade(target, request, socket, head)
}

/**
 * Tells the worker what time it is, once for each instant: requests carry it in their control header,
 * a message on an open WebSocket carries nothing.
 */
function tellTime(state: FrontState): Promise<void> {
  const at = state.options.clock.now()
  if (state.told?.at !== at) state.told = { at, done: sendTime(state, at) }
  return state.told.done
}

async function sendTime({ pool, options }: FrontState, at: Instant): Promise<void> {
  const headers = { [controlHeader]: controlValue(options.localKey, toldAt(options, at), timeOnly) }
  const { body } = await pool.request({ path: '/', method: 'GET', headers })
  await body.dump()
}

/** The client's fields, then the platform's facts of the connection and of this request. */
function headersFor(
  state: FrontState,
  admission: Admission & { readonly kind: 'admitted' },
  request: IncomingMessage,
): string[] {
  const { clock, localKey } = state.options
  state.requests += 1
  const at = clock.now()
  const told = toldAt(state.options, at)
  const header = (name: string): string | undefined => joined(request.headersDistinct[name])
  const ofRequest = { at, ordinal: state.requests, header }
  return upstreamHeaders(request.rawHeaders, [
    ...admission.headers,
    ...state.profile.requestHeaders(admission.connection, ofRequest),
    [controlHeader, controlValue(localKey, told, admission.facts)],
  ])
}

function toldAt({ worker }: FrontOptions, at: Instant): ToldWorld {
  return {
    now: at,
    clock: worker?.clockAt(at) ?? at,
    isBucketReached: worker?.isBucketReachedAt(at) ?? true,
  }
}

function joined(values: readonly string[] | undefined): string | undefined {
  return values?.join(', ')
}
