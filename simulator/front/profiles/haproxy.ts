import { concatBytes, toBase64 } from '#shared/bytes.ts'
import type { PlayedPlatform } from '../played.ts'
import { headerPlatform } from './header-platform.ts'
import { opensslVerdict } from './openssl-verdict.ts'

const names = {
  cert: 'x-ssl-client-cert',
  chain: 'x-ssl-client-chain',
  verify: 'x-ssl-client-verify',
} as const

/**
 * HAProxy with `verify optional crt-ignore-err all ca-ignore-err all`: nobody is turned away, the
 * verdict is told as OpenSSL's number. A fetch without a value leaves an empty header. The front
 * remembers chains, so that a resumed session brings its own here, which HAProxy's does not.
 */
export const haproxyFront: PlayedPlatform = headerPlatform({
  name: 'haproxy',
  passes: 'chain',
  verification: 'asked',
  variables: { CERT_HEADER: names.cert, CHAIN_HEADER: names.chain, VERIFY_HEADER: names.verify },
  headers: ({ chain: [leaf, ...intermediates], verdict }) => [
    [names.cert, leaf === undefined ? '' : toBase64(leaf)],
    [names.chain, toBase64(concatBytes(...intermediates))],
    [names.verify, String(opensslVerdict(verdict).number)],
  ],
})
