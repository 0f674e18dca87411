import { headerOf, isFields } from '../platforms/reading.ts'
import type { PlatformRequest } from '../platforms/platform.ts'
import type { ConnectionFacts, TlsFacts } from './connection-log.ts'

/** What a platform tells of a connection beside its certificate. */
type ReadConnection = (request: PlatformRequest) => Partial<ConnectionFacts>

/**
 * Reads what is known of a request's connection: for a log, never to decide by.
 *
 * @param platform the configured platform's name; of one without a reader nothing is known
 * @param request with the headers that are left when foreign ones are stripped
 */
export function readConnectionFacts(platform: string, request: PlatformRequest): ConnectionFacts {
  return { ...unknown, ...readers.get(platform)?.(request) }
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
