import { rfc2253Name } from '#shared/wire/names.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'
import { parsedLeaf, textOf } from './leaf-fields.ts'
import { escapedCert } from './nginx.ts'
import { opensslVerdict } from './openssl-verdict.ts'

/**
 * ingress-nginx on a host with `auth-tls-verify-client: optional_no_ca` and
 * `auth-tls-pass-certificate-to-upstream`. A name without a value takes the client's copy away.
 */
export const ingressNginxFront: PlayedPlatform = headerPlatform({
  name: 'ingress-nginx',
  passes: 'leaf',
  verification: 'asked',
  headers: ({ chain: [leaf], verdict }) => {
    const fields = leaf && parsedLeaf(leaf)
    return [
      ['ssl-client-cert', leaf && escapedCert(leaf)],
      ['ssl-client-verify', opensslVerdict(verdict).word],
      ['ssl-client-subject-dn', fields && textOf(rfc2253Name(fields.subject))],
      ['ssl-client-issuer-dn', fields && textOf(rfc2253Name(fields.issuer))],
    ]
  },
})
