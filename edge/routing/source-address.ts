import type { PlatformRequest } from '../platforms/platform.ts'
import { headerOf, isFields } from '../platforms/reading.ts'

/** How a platform tells a client's address, in words that no client can write. */
type ReadSource = (request: PlatformRequest) => string | undefined

const readers: ReadonlyMap<string, ReadSource> = new Map([
  // Cloudflare overwrites what a client sends under this name.
  ['cloudflare', (request) => headerOf(request, 'cf-connecting-ip')],
  ['alb', (request) => lastForwarded(headerOf(request, 'x-forwarded-for'))],
  // A socket of both families shows IPv4 in IPv6's clothes (RFC 4291 2.5.5.2).
  [
    'node-tls',
    ({ connection }) => textOf(connection, 'remoteAddress')?.replace(/^::ffff:(?=\d+\.)/i, ''),
  ],
  ['fastly', ({ connection }) => textOf(connection, 'address')],
  ['api-gateway', ({ connection }) => sourceIpOf(connection)],
])

/** The platforms whose word on a client's address is known here. */
export const platformsThatTellSources: ReadonlySet<string> = new Set(readers.keys())

/** The client's address; undefined where the platform does not tell it. */
export function sourceAddress(platform: string, request: PlatformRequest): string | undefined {
  return readers.get(platform)?.(request)
}

/** ALB appends the address, unless its attribute xff_header_processing.mode is another than append. */
const lastForwarded = (chain: string | undefined): string | undefined =>
  chain === undefined ? undefined : withoutPort(chain.split(',').at(-1)?.trim() ?? '')

/** Payload 1.0 has it in `identity`, 2.0 in `http`. */
function sourceIpOf(context: unknown): string | undefined {
  if (!isFields(context)) return undefined
  return textOf(context['identity'], 'sourceIp') ?? textOf(context['http'], 'sourceIp')
}

function textOf(fields: unknown, name: string): string | undefined {
  const value = isFields(fields) ? fields[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** `192.0.2.1:36280` and `[2001:db8::1]:36280` with ALB's attribute xff_client_port. */
function withoutPort(text: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(text) ?? []
  return v6 ?? v4 ?? text
}
