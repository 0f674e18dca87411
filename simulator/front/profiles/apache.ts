import { encodeUrlPem } from '#shared/wire/url-pem.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'
import { opensslVerdict } from './openssl-verdict.ts'

const names = { cert: 'x-ssl-client-cert', verify: 'x-ssl-client-verify' } as const

/**
 * Apache httpd under `SSLVerifyClient optional_no_ca`. It turns away by itself whom that word does
 * not cover (an expired certificate above all); here everyone gets through, which is the worst case.
 * A variable without a value leaves an empty header.
 */
export const apacheFront: PlayedPlatform = headerPlatform({
  name: 'apache',
  passes: 'leaf',
  verification: 'asked',
  variables: { CERT_HEADER: names.cert, VERIFY_HEADER: names.verify },
  headers: ({ chain: [leaf], verdict }) => [
    [names.cert, leaf === undefined ? '' : apacheEscaped(leaf)],
    [names.verify, opensslVerdict(verdict).word],
  ],
})

/** `%{escape:…}`: lower-case escapes, and `+ / =` as they are. */
function apacheEscaped(leaf: Uint8Array): string {
  return encodeUrlPem([leaf]).replaceAll('%0A', '%0a')
}
