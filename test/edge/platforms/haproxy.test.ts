import { expect, test } from 'vitest'
import { haproxyPlatform } from '#edge/platforms/haproxy.ts'
import {
  readOf,
  leafAlone,
  malformed,
  none,
  revokedLeaf,
  spelt,
  wholeChain,
  type HeadersCase,
} from './given.ts'

const cert = 'X-SSL-Client-Cert'
const chain = 'X-SSL-Client-Chain'
const verify = 'X-SSL-Client-Verify'
const { leafBase64, intermediateBase64, chainBase64, leafEscaped } = spelt
const verdict = "one of OpenSSL's verdicts, a number"

const cases: readonly HeadersCase[] = [
  { name: 'no header', headers: {}, presented: none },
  { name: 'no certificate', headers: { [cert]: '', [chain]: '', [verify]: '0' }, presented: none },
  {
    name: 'leaf and chain',
    headers: { [cert]: leafBase64, [chain]: intermediateBase64, [verify]: '0' },
    presented: wholeChain,
  },
  {
    name: 'a chain that holds the leaf once more',
    headers: { [cert]: leafBase64, [chain]: chainBase64, [verify]: '0' },
    presented: wholeChain,
  },
  {
    name: 'a resumed session: no chain',
    headers: { [cert]: leafBase64, [chain]: '', [verify]: '0' },
    presented: leafAlone,
  },
  {
    name: 'a chain that HAProxy distrusts (20: no issuer)',
    headers: { [cert]: leafBase64, [verify]: '20' },
    presented: leafAlone,
  },
  {
    name: 'one that HAProxy found revoked (23)',
    headers: { [cert]: leafBase64, [verify]: '23' },
    presented: revokedLeaf,
  },
  {
    name: 'no verdict',
    headers: { [cert]: leafBase64 },
    presented: malformed('x-ssl-client-verify', verdict),
  },
  {
    name: 'two verdicts',
    headers: { [cert]: leafBase64, [verify]: ['0', '0'] },
    presented: malformed('x-ssl-client-verify', verdict),
  },
  {
    name: 'a chain without its leaf',
    headers: { [chain]: intermediateBase64, [verify]: '0' },
    presented: malformed('x-ssl-client-cert', 'the leaf of the chain'),
  },
  {
    name: 'two certificates',
    headers: { [cert]: [leafBase64, leafBase64], [verify]: '0' },
    presented: malformed('x-ssl-client-cert', 'base64 of a certificate'),
  },
  {
    name: 'PEM',
    headers: { [cert]: leafEscaped, [verify]: '0' },
    presented: malformed('x-ssl-client-cert', 'base64 of a certificate'),
  },
  {
    name: 'a chain that breaks off',
    headers: { [cert]: leafBase64, [chain]: intermediateBase64.slice(0, -8), [verify]: '0' },
    presented: malformed('x-ssl-client-chain', 'a certificate within its enclosing element'),
  },
]

test.each(cases)('$name', async (each) => {
  expect(await readOf(haproxyPlatform({ cert, chain, verify }), each.headers)).toEqual(
    each.presented,
  )
})

test('without chain and verdict the certificate alone is read', async () => {
  const platform = haproxyPlatform({ cert, chain: undefined, verify: undefined })
  const headers = { [cert]: leafBase64, [chain]: 'x', [verify]: 'x' }
  expect(await readOf(platform, headers)).toEqual(leafAlone)
})
