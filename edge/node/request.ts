import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { err, ok, type Result } from '#shared/result.ts'
import { endToEnd, linesOf, type FieldLine } from './headers.ts'
import { asksForWebSocket } from './upgrade.ts'

/** Why a request has no form that Fetch knows: an HTTP status and a sentence. */
export interface RequestFault {
  readonly status: 400 | 501
  readonly because: string
}

export interface RequestSource {
  readonly scheme: 'http' | 'https'
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

/** Methods that Fetch's Request refuses (Fetch 2.2.1); CONNECT never gets here. */
const unknownToFetch: ReadonlySet<string> = new Set(['TRACE', 'TRACK', 'CONNECT'])

/**
 * Node's request as Fetch's, its body streamed at the reader's pace, with the socket as
 * `connection`, out of reach of any header. Redirects are the client's to follow.
 */
export function requestOf(
  incoming: IncomingMessage,
  { scheme, signal }: RequestSource,
): Result<Request, RequestFault> {
  const { method = 'GET' } = incoming
  if (unknownToFetch.has(method)) return err({ status: 501, because: `${method} is not served` })
  const url = urlOf(incoming, scheme)
  if (!url.ok) return url
  const request = new Request(url.value, {
    method,
    headers: fieldsOf(incoming),
    redirect: 'manual',
    signal,
    ...(hasBody(incoming, method) && { body: bodyOf(incoming), duplex: 'half' as const }),
  })
  return ok(Object.defineProperty(request, 'connection', { value: incoming.socket }))
}

/** An upgrade that is passed over stays behind, as every field of the hop does. */
function fieldsOf(incoming: IncomingMessage): [string, string][] {
  const upgrade: FieldLine[] = asksForWebSocket(incoming) ? [['upgrade', 'websocket']] : []
  return [...endToEnd(linesOf(incoming)), ...upgrade].map(([name, value]) => [name, value])
}

/** RFC 9112 6.3: a request has content when one of these fields says so. Fetch knows none of GET. */
function hasBody({ headers }: IncomingMessage, method: string): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  if (headers['transfer-encoding'] !== undefined) return true
  return headers['content-length'] !== undefined && headers['content-length'] !== '0'
}

function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array>
}

/**
 * The address asked for. Its authority is `Host`, exactly one and nothing but an authority (RFC 9112
 * 3.2), or the absolute form's own (3.2.2). The path is written after it and never resolved against
 * it, so `//elsewhere.example/` stays a path.
 */
function urlOf(
  { url: asked = '', headersDistinct, headers }: IncomingMessage,
  scheme: RequestSource['scheme'],
): Result<URL, RequestFault> {
  if (headersDistinct['host']?.length !== 1) return wrong('one Host field is expected')
  const text = asked.startsWith('/') ? `${scheme}://${headers.host ?? ''}${asked}` : asked
  const authority = asked.startsWith('/') ? headers.host : absoluteAuthority.exec(asked)?.[1]
  if (authority === undefined || !authorityPattern.test(authority) || !URL.canParse(text)) {
    return wrong('the address asked for is not one of HTTP')
  }
  const url = new URL(text)
  url.protocol = scheme
  return ok(url)
}

const wrong = (because: string): Result<never, RequestFault> => err({ status: 400, because })

const absoluteAuthority = /^https?:\/\/([^/?#]*)/i

/** `host` and perhaps `:port` (RFC 3986 3.2); no user information, and nothing that ends an authority. */
const authorityPattern = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::\d{1,5})?$/
