import { readEscapedPem } from './escaped-pem.ts'
import type { Platform, PlatformRequest } from './platform.ts'

export interface ApacheHeaders {
  /** `RequestHeader set X-SSL-Client-Cert "expr=%{escape:%{SSL_CLIENT_CERT}}"` */
  readonly cert: string
  /** `RequestHeader set X-SSL-Client-Verify "%{SSL_CLIENT_VERIFY}s"`: undefined where it is not set. */
  readonly verify: string | undefined
}

/** What `%{NAME}s` writes for a variable that is not set. */
const unset = '(null)'

/**
 * Apache httpd: `RequestHeader set` fills the headers named here and overwrites a client's copy
 * where the directive holds. `escape` leaves `+` as it is, which a form decoder behind would take
 * for a space. The leaf comes without its chain. `GENEROUS` (`optional_no_ca`) means that nothing
 * was verified; all is verified here.
 */
export function apachePlatform({ cert, verify }: ApacheHeaders): Platform {
  const names = { cert: cert.toLowerCase(), verify: verify?.toLowerCase() }
  return {
    name: 'apache',
    ownHeaders: [names.cert, ...(names.verify === undefined ? [] : [names.verify])],
    read: (request) => readEscapedPem(withoutUnset(request), names),
  }
}

function withoutUnset({ headers }: PlatformRequest): PlatformRequest {
  const get = (name: string): string | null => {
    const value = headers.get(name)
    return value === unset ? null : value
  }
  return { headers: { get } }
}
