import { readEscapedPem } from './escaped-pem.ts'
import type { Platform } from './platform.ts'

/**
 * ingress-nginx with `auth-tls-pass-certificate-to-upstream`: the leaf in `ssl-client-cert`, nginx's
 * verdict in `ssl-client-verify`. Both are overwritten only on hosts that have `auth-tls-…`
 * annotations; on any other host a client's copies pass, and look the same. So every host that
 * leads here has to have them. Without that annotation a verdict comes without a certificate, and
 * is malformed.
 */
export function ingressNginxPlatform(): Platform {
  const names = { cert: 'ssl-client-cert', verify: 'ssl-client-verify' }
  return {
    name: 'ingress-nginx',
    ownHeaders: [names.cert, names.verify, 'ssl-client-subject-dn', 'ssl-client-issuer-dn'],
    read: (request) => readEscapedPem(request, names),
  }
}
