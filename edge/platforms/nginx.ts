import { readEscapedPem } from './escaped-pem.ts'
import type { Platform } from './platform.ts'

export interface NginxHeaders {
  /** `proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;` */
  readonly cert: string
  /** `proxy_set_header X-SSL-Client-Verify $ssl_client_verify;`: undefined where it is not set. */
  readonly verify: string | undefined
}

/**
 * nginx: it has no headers of its own, `proxy_set_header` fills those named here and overwrites a
 * client's copy in every location that has the line. nginx passes the leaf and no chain, so the
 * trust store holds the intermediates. Its verification is not relied on: it lets a revoked device
 * back in by TLS session resumption, and under `optional_no_ca` it verifies nothing.
 */
export function nginxPlatform({ cert, verify }: NginxHeaders): Platform {
  const names = { cert: cert.toLowerCase(), verify: verify?.toLowerCase() }
  return {
    name: 'nginx',
    ownHeaders: [names.cert, ...(names.verify === undefined ? [] : [names.verify])],
    read: (request) => readEscapedPem(request, names),
  }
}
