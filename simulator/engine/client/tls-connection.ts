import { isIP } from 'node:net'
import tls from 'node:tls'
import { err, ok, type Result } from '#shared/result.ts'
import { failureOf, type ConnectionFailure } from './failure.ts'

/** What a device proves itself with. */
export interface DeviceCredential {
  readonly keyPem: string
  /** Leaf first, then whatever else the device sends along, in this order. */
  readonly chainPem: string
}

/** Handshakes that ended well. The engine keeps one of these and passes it to each connection. */
export interface HandshakeCount {
  full: number
  resumed: number
}

export interface TlsOptions {
  readonly host: string
  readonly port: number
  /** The name the server must prove to have. */
  readonly servername: string
  /** Trust anchors for the server's certificate; those that Node brings where there are none. */
  readonly caPem?: string
  readonly credential?: DeviceCredential
  /** A session of an earlier connection; without one the handshake is a full one. */
  readonly session?: Buffer
  /**
   * Whether sessions that the server offers are kept to resume with; `kept` by default. Who never
   * resumes spares 3 kB a connection, and OpenSSL's writing each of them down.
   */
  readonly sessions?: 'kept' | 'ignored'
  readonly minVersion?: tls.SecureVersion
  readonly maxVersion?: tls.SecureVersion
  /** Bounds the handshake, milliseconds of real time. */
  readonly timeoutMs?: number
  readonly count?: HandshakeCount
  /** Where it comes from: one address has some 28,000 ports to one server, loopback 16 million addresses. */
  readonly localAddress?: string
}

export interface TlsConnection {
  readonly socket: tls.TLSSocket
  readonly resumed: boolean
  /** The newest session the server offered. TLS 1.3 offers one only after the handshake. */
  readonly session: () => Buffer | undefined
}

/** No session is ever kept: one function for all connections. */
const noSession = (): undefined => undefined

const handshakeTimeoutMs = 15_000

/**
 * Opens one TLS connection with a context of its own, so that nothing of one device leaks into
 * another's handshake. The context is freed with the socket: left to the garbage collector it
 * holds about 35 kB for each connection made (nodejs/node#66002).
 */
export function openTls(options: TlsOptions): Promise<Result<TlsConnection, ConnectionFailure>> {
  const context = createContext(options)
  const socket = tls.connect({
    host: options.host,
    port: options.port,
    // An address is no name to ask for (RFC 6066 3); the server has to prove `host` then.
    servername: isIP(options.servername) === 0 ? options.servername : '',
    secureContext: context,
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    ...(options.session === undefined ? {} : { session: options.session }),
  })
  socket.setNoDelay(true)
  socket.once('close', () => freeContext(context))
  return settleHandshake(socket, options)
}

/** Without a listener Node has OpenSSL write no session down. */
function keepSessions(socket: tls.TLSSocket): () => Buffer | undefined {
  let session: Buffer | undefined
  socket.on('session', (offered) => {
    session = offered
  })
  return () => session
}

function createContext(options: TlsOptions): tls.SecureContext {
  const { credential, minVersion, maxVersion } = options
  return tls.createSecureContext({
    ...(options.caPem === undefined ? {} : { ca: options.caPem }),
    minVersion: minVersion ?? 'TLSv1.2',
    maxVersion: maxVersion ?? 'TLSv1.3',
    ...(credential === undefined ? {} : { key: credential.keyPem, cert: credential.chainPem }),
  })
}

/** `context` is typed as unknown shape by Node; `close` frees its OpenSSL memory at once. */
function freeContext(secure: tls.SecureContext): void {
  const { context } = secure as { readonly context: { close(): void } }
  context.close()
}

function settleHandshake(
  socket: tls.TLSSocket,
  { count, sessions = 'kept', timeoutMs = handshakeTimeoutMs }: TlsOptions,
): Promise<Result<TlsConnection, ConnectionFailure>> {
  const session = sessions === 'kept' ? keepSessions(socket) : noSession
  return new Promise((resolve) => {
    const giveUp = (): void => {
      resolve(err({ kind: 'timed_out', detail: `no TLS handshake within ${timeoutMs} ms` }))
      socket.destroy()
    }
    socket.setTimeout(timeoutMs, giveUp)
    // Stays for the socket's life: once settled, errors show as the close of the connection.
    socket.on('error', (error) => resolve(err(failureOf(error, 0))))
    socket.once('secureConnect', () => {
      socket.setTimeout(0, giveUp)
      const resumed = socket.isSessionReused()
      if (count !== undefined) count[resumed ? 'resumed' : 'full'] += 1
      resolve(ok({ socket, resumed, session }))
    })
  })
}
