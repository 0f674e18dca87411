import { createHash } from 'node:crypto'
import { toBase64 } from '#shared/bytes.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'

const names = { cert: 'x-tls-client-cert', fingerprint: 'x-tls-client-fingerprint' } as const

/**
 * Caddy with `client_auth { mode request }`, which verifies nothing. Without a certificate the
 * placeholders stand as they are written, as in the versions up to 2.6.
 */
export const caddyFront: PlayedPlatform = headerPlatform({
  name: 'caddy',
  passes: 'leaf',
  variables: { CERT_HEADER: names.cert, FINGERPRINT_HEADER: names.fingerprint },
  headers: ({ chain: [leaf] }) =>
    leaf === undefined
      ? [
          [names.cert, '{http.request.tls.client.certificate_der_base64}'],
          [names.fingerprint, '{http.request.tls.client.fingerprint}'],
        ]
      : [
          [names.cert, toBase64(leaf)],
          [names.fingerprint, createHash('sha256').update(leaf).digest('hex')],
        ],
})
