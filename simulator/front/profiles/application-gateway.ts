import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'
import { escapedCert } from './nginx.ts'
import { opensslVerdict } from './openssl-verdict.ts'

const names = { cert: 'x-client-certificate', verify: 'x-client-certificate-verification' } as const

/**
 * Azure Application Gateway in passthrough mode, with rewrite rules for `{var_client_certificate}`
 * and `{var_client_certificate_verification}`: nginx's two variables under other names.
 */
export const applicationGatewayFront: PlayedPlatform = headerPlatform({
  name: 'application-gateway',
  passes: 'leaf',
  verification: 'asked',
  variables: { CERT_HEADER: names.cert, VERIFY_HEADER: names.verify },
  headers: ({ chain: [leaf], verdict }) => [
    [names.cert, leaf && escapedCert(leaf)],
    [names.verify, opensslVerdict(verdict).word],
  ],
})
