import { headerOf, isFields } from '../platforms/reading.ts'
import type { PlatformRequest } from '../platforms/platform.ts'
import { sourceAddress } from '../routing/source-address.ts'
import type { ConnectionFacts, TlsFacts } from './connection-log.ts'

/** What a platform tells of a connection beside its certificate. */
type ReadConnection = (request: PlatformRequest) => Partial<ConnectionFacts>

/**
 * Reads what is known of a request's connection: for a log, never to decide by.
 *
 * @param platform the configured platform's name; of one without a reader its word on the client's
 *   address is known, where it gives one
 * @param request with the headers that are left when foreign ones are stripped
 */
export function readConnectionFacts(platform: string, request: PlatformRequest): ConnectionFacts {
  const read = readers.get(platform)
  if (read !== undefined) return { ...unknown, ...read(request) }
  return { ...unknown, clientIp: sourceAddress(platform, request) }
}

const unknown: ConnectionFacts = {
  clientIp: undefined,
  clientPort: undefined,
  listenerPort: undefined,
  tls: undefined,
  traceId: undefined,
  elb: undefined,
  nodeIp: undefined,
}

const readers: ReadonlyMap<string, ReadConnection> = new Map([
  ['cloudflare', readCloudflare],
  ['alb', readAlb],
  ['node-tls', readNodeTls],
])

/** Cloudflare overwrites both headers; of the handshake it tells in `request.cf`. */
function readCloudflare(request: PlatformRequest): Partial<ConnectionFacts> {
  const cf = isFields(request.cf) ? request.cf : {}
  return {
    clientIp: headerOf(request, 'cf-connecting-ip'),
    tls: tlsOf(text(cf['tlsVersion']), text(cf['tlsCipher'])),
    traceId: headerOf(request, 'cf-ray'),
  }
}

/** ALB appends the client's address, and its port where the attribute `xff_client_port` is on. */
function readAlb(request: PlatformRequest): Partial<ConnectionFacts> {
  const last = headerOf(request, 'x-forwarded-for')?.split(',').at(-1)?.trim()
  return {
    ...addressOf(last ?? ''),
    listenerPort: portOf(headerOf(request, 'x-forwarded-port')),
    tls: tlsOf(
      headerOf(request, 'x-amzn-tls-version'),
      headerOf(request, 'x-amzn-tls-cipher-suite'),
    ),
    traceId: headerOf(request, 'x-amzn-trace-id'),
  }
}

/** `node:tls`'s socket: names as OpenSSL has them. Of the key exchange Node tells clients alone. */
function readNodeTls({ connection }: PlatformRequest): Partial<ConnectionFacts> {
  const socket = isFields(connection) ? connection : {}
  return {
    clientIp: text(socket['remoteAddress']),
    clientPort: count(socket['remotePort']),
    listenerPort: count(socket['localPort']),
    tls: tlsOf(text(asked(socket, 'getProtocol')), cipherName(asked(socket, 'getCipher'))),
    nodeIp: text(socket['localAddress']),
  }
}

/** What a method of the socket says; a socket that has closed says nothing. */
function asked(socket: Readonly<Record<string, unknown>>, method: string): unknown {
  const found = socket[method]
  return typeof found === 'function' ? Reflect.apply(found, socket, []) : undefined
}

const cipherName = (cipher: unknown): string | undefined =>
  isFields(cipher) ? text(cipher['name']) : undefined

const count = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined

/** `192.0.2.1`, `192.0.2.1:36280`, `2001:db8::1` or `[2001:db8::1]:36280`. */
function addressOf(address: string): Pick<ConnectionFacts, 'clientIp' | 'clientPort'> {
  const [, v6, v4, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(address) ?? []
  const clientIp = v6 ?? v4 ?? address
  return { clientIp: clientIp === '' ? undefined : clientIp, clientPort: portOf(port) }
}

function portOf(digits: string | undefined): number | undefined {
  return digits !== undefined && /^\d{1,5}$/.test(digits) ? Number(digits) : undefined
}

function tlsOf(protocol: string | undefined, cipher: string | undefined): TlsFacts | undefined {
  if (protocol === undefined && cipher === undefined) return undefined
  return { protocol, cipher, keyExchange: undefined, handshakeMs: undefined }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
