import { readBase64Ders } from '#shared/wire/base64-der.ts'
import type { Platform } from './platform.ts'
import { chainOf, malformed } from './reading.ts'

const pem = 'x-forwarded-tls-client-cert'
const info = 'x-forwarded-tls-client-cert-info'

/**
 * Traefik's `passTLSClientCert` with `pem: true`: the chain as presented, leaf first; URL-escaped by
 * versions before 2.9.4. Of a certificate with `info` alone nothing is believed: names stand in that
 * header unescaped, so a quote in a subject can say anything, and it counts as malformed. A client's
 * copies are taken away by `forwardedHeaders` unless it is `insecure`; spellings with `_` or `.` are
 * not, in versions with CVE-2026-54763, and are stripped here.
 */
export function traefikPlatform(): Platform {
  return {
    name: 'traefik',
    ownHeaders: [pem, info],
    read({ headers }) {
      const text = headers.get(pem)
      if (text === null) {
        return headers.get(info) === null ? { kind: 'none' } : malformed(pem, `one beside ${info}`)
      }
      const ders = readBase64Ders(text)
      return ders.ok ? chainOf(ders.value) : malformed(pem, ders.error.expected)
    },
  }
}
