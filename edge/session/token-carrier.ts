import { generateCookie } from 'hono/cookie'
import { parse } from 'hono/utils/cookie'

/** The `__Host-` prefix keeps the cookie to this host, `/` and TLS (RFC 6265bis 4.1.3.2). */
export const sessionCookie = '__Host-sallyport'

const cookieAttributes = { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' } as const

/** Where a request carries its session's token, and the answer the next one. */
export type Carrier = 'cookie' | 'authorization'

/** What a request says of its session. */
export interface CarriedToken {
  readonly carrier: Carrier
  /** Undefined: the device takes tokens this way and has none yet. */
  readonly token: string | undefined
}

/**
 * Reads the token of a request. A device without a cookie jar sends `Authorization: Sallyport TOKEN`
 * (RFC 9110 11.6.2), and the scheme alone to be given its first token. Any other scheme is the
 * application's own; such a device can still send the cookie.
 */
export function carriedToken(headers: Headers): CarriedToken {
  const credentials = ownCredentials(headers)
  if (credentials !== undefined) {
    return { carrier: 'authorization', token: credentials === '' ? undefined : credentials }
  }
  return {
    carrier: 'cookie',
    token: parse(headers.get('cookie') ?? '', sessionCookie)[sessionCookie],
  }
}

/**
 * Headers that go on to a target, without the token: what stands for a verification here is nobody
 * else's to read or to log. Those that were given where there is none in them.
 */
export function withoutToken(headers: Headers): Headers {
  const isCredential = ownCredentials(headers) !== undefined
  const cookies = headers.get('cookie') ?? ''
  const isCookie = cookies.includes(sessionCookie)
  if (!isCredential && !isCookie) return headers
  const others = new Headers(headers)
  if (isCredential) others.delete('authorization')
  if (isCookie) setOtherCookies(others, cookies)
  return others
}

function setOtherCookies(headers: Headers, cookies: string): void {
  const others = cookies.split(';').filter((pair) => nameOf(pair) !== sessionCookie)
  if (others.length === 0) headers.delete('cookie')
  else headers.set('cookie', others.join(';').trim())
}

/**
 * The header line that gives a token to a device: `Set-Cookie`, or `Authentication-Info:
 * session="TOKEN"` (RFC 9110 11.6.3).
 */
export function tokenLine(carrier: Carrier, token: string): readonly [name: string, value: string] {
  return carrier === 'cookie'
    ? ['set-cookie', generateCookie(sessionCookie, token, cookieAttributes)]
    : ['authentication-info', `session="${token}"`]
}

/** The value of `Set-Cookie` that takes the cookie away. */
export const clearedCookie = generateCookie(sessionCookie, '', { ...cookieAttributes, maxAge: 0 })

/** What stands behind our scheme; schemes are compared without case (RFC 9110 11.1). */
function ownCredentials(headers: Headers): string | undefined {
  const match = /^sallyport(?: +(.*))?$/i.exec(headers.get('authorization') ?? '')
  return match === null ? undefined : (match[1] ?? '')
}

const nameOf = (pair: string): string => (pair.split('=', 1)[0] ?? '').trim()
