import { encodePem } from '#shared/wire/pem.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'
import { opensslVerdict } from './openssl-verdict.ts'

const names = { cert: 'x-ssl-client-cert', verify: 'x-ssl-client-verify' } as const

/**
 * nginx with `ssl_verify_client optional_no_ca` and an `error_page 495` that leads to the worker too,
 * so that nobody is turned away: `proxy_set_header` fills both headers, and one without a value takes
 * the client's copy away.
 */
export const nginxFront: PlayedPlatform = headerPlatform({
  name: 'nginx',
  passes: 'leaf',
  verification: 'asked',
  variables: { CERT_HEADER: names.cert, VERIFY_HEADER: names.verify },
  headers: ({ chain: [leaf], verdict }) => [
    [names.cert, leaf && escapedCert(leaf)],
    [names.verify, opensslVerdict(verdict).word],
  ],
})

/** `$ssl_client_escaped_cert`: everything escaped but unreserved characters, `+ / =` as well. */
export function escapedCert(leaf: Uint8Array): string {
  return encodeURIComponent(encodePem('CERTIFICATE', leaf))
}
