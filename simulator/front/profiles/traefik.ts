import { toBase64 } from '#shared/bytes.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'

/**
 * Traefik's `passTLSClientCert` with `pem: true`, under `clientAuthType: RequestClientCert`: bare
 * base64 joined by commas, leaf first. Its `forwardedHeaders` takes a client's copies away.
 */
export const traefikFront: PlayedPlatform = headerPlatform({
  name: 'traefik',
  passes: 'chain',
  headers: ({ chain }) => [
    [
      'x-forwarded-tls-client-cert',
      chain.length === 0 ? undefined : chain.map((der) => toBase64(der)).join(','),
    ],
    ['x-forwarded-tls-client-cert-info', undefined],
  ],
})
