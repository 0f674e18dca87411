import { writeClientCert, writeClientCertChain } from '#shared/wire/rfc9440.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'

/** Any proxy that keeps to RFC 9440: a client's copies are removed (section 2.4), whatever comes instead. */
export const rfc9440Front: PlayedPlatform = headerPlatform({
  name: 'rfc9440',
  passes: 'chain',
  headers: ({ chain: [leaf, ...intermediates] }) => [
    ['client-cert', leaf && writeClientCert(leaf)],
    [
      'client-cert-chain',
      intermediates.length === 0 ? undefined : writeClientCertChain(intermediates),
    ],
  ],
})
