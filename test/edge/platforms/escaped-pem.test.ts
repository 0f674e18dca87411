import { describe, expect, test } from 'vitest'
import { apachePlatform } from '#edge/platforms/apache.ts'
import { applicationGatewayPlatform } from '#edge/platforms/application-gateway.ts'
import { ingressNginxPlatform } from '#edge/platforms/ingress-nginx.ts'
import { nginxPlatform } from '#edge/platforms/nginx.ts'
import { leafPem } from '../../vectors/device.ts'
import {
  readOf,
  leafAlone,
  malformed,
  none,
  revokedLeaf,
  spelt,
  type HeadersCase,
} from './given.ts'

const cert = 'X-SSL-Client-Cert'
const verify = 'X-SSL-Client-Verify'
const field = cert.toLowerCase()
const word = verify.toLowerCase()
const { leafEscaped, leafHalfEscaped, chainEscaped, leafBase64 } = spelt
const verdicts = 'SUCCESS, GENEROUS, NONE or FAILED:…'

/** What all four have in common. */
const common: readonly HeadersCase[] = [
  { name: 'no header', headers: {}, presented: none },
  { name: 'no certificate', headers: { [cert]: '', [verify]: 'NONE' }, presented: none },
  {
    name: 'a good one',
    headers: { [cert]: leafEscaped, [verify]: 'SUCCESS' },
    presented: leafAlone,
  },
  {
    name: 'one the proxy distrusts: its verdict is not ours',
    headers: { [cert]: leafEscaped, [verify]: 'FAILED:unable to get local issuer certificate' },
    presented: leafAlone,
  },
  {
    name: 'one the proxy found revoked',
    headers: { [cert]: leafEscaped, [verify]: 'FAILED:certificate revoked' },
    presented: revokedLeaf,
  },
  {
    name: 'a certificate that was not presented',
    headers: { [cert]: leafEscaped, [verify]: 'NONE' },
    presented: malformed(word, 'a verdict on the certificate'),
  },
  {
    name: 'a verdict without its certificate',
    headers: { [cert]: '', [verify]: 'SUCCESS' },
    presented: malformed(field, `the certificate that ${word} speaks of`),
  },
  {
    name: 'a certificate without its verdict',
    headers: { [cert]: leafEscaped },
    presented: malformed(word, verdicts),
  },
  {
    name: 'a word that is no verdict',
    headers: { [cert]: leafEscaped, [verify]: 'success' },
    presented: malformed(word, verdicts),
  },
  {
    name: 'two verdicts',
    headers: { [cert]: leafEscaped, [verify]: ['SUCCESS', 'SUCCESS'] },
    presented: malformed(word, verdicts),
  },
  {
    name: 'two verdicts, the first with a reason',
    headers: { [cert]: leafEscaped, [verify]: ['FAILED:certificate has expired', 'SUCCESS'] },
    presented: malformed(word, verdicts),
  },
  {
    name: 'two certificates',
    headers: { [cert]: [leafEscaped, leafEscaped], [verify]: 'SUCCESS' },
    presented: malformed(field, 'a URL-encoded character'),
  },
  {
    name: 'a chain, which none of them passes',
    headers: { [cert]: chainEscaped, [verify]: 'SUCCESS' },
    presented: malformed(field, 'one certificate'),
  },
  {
    name: 'PEM on one line, as $ssl_client_cert and %{SSL_CLIENT_CERT}s have it',
    headers: { [cert]: leafPem.replaceAll('\n', ' ').trim(), [verify]: 'SUCCESS' },
    presented: malformed(field, 'a URL-encoded character'),
  },
  {
    name: 'base64 of another product',
    headers: { [cert]: leafBase64, [verify]: 'SUCCESS' },
    presented: malformed(field, '-----BEGIN CERTIFICATE-----'),
  },
]

describe.each([nginxPlatform, apachePlatform, applicationGatewayPlatform])('%o', (create) => {
  test.each(common)('$name', async (each) => {
    expect(await readOf(create({ cert, verify }), each.headers)).toEqual(each.presented)
  })

  test('without a verdict the certificate alone is read', async () => {
    const platform = create({ cert, verify: undefined })
    expect(await readOf(platform, { [cert]: leafEscaped })).toEqual(leafAlone)
    expect(await readOf(platform, { [verify]: 'SUCCESS' })).toEqual(none)
    expect(platform.ownHeaders).toEqual([field])
  })

  test('its headers are its own', () => {
    expect(create({ cert, verify }).ownHeaders).toEqual([field, word])
  })
})

test.each(common)('ingress-nginx: $name', async ({ headers, presented }) => {
  const renamed = Object.entries(headers).map(([key, value]) => [
    key.replace('X-SSL-', 'SSL-'),
    value,
  ])
  const said =
    presented.kind === 'malformed'
      ? malformed(presented.field.replace('x-', ''), presented.expected.replace('x-ssl', 'ssl'))
      : presented
  const lines = Object.fromEntries(renamed) as HeadersCase['headers']
  expect(await readOf(ingressNginxPlatform(), lines)).toEqual(said)
})

const apache: readonly HeadersCase[] = [
  {
    name: 'escape leaves + / =',
    headers: { [cert]: leafHalfEscaped, [verify]: 'SUCCESS' },
    presented: leafAlone,
  },
  {
    name: 'optional_no_ca',
    headers: { [cert]: leafHalfEscaped, [verify]: 'GENEROUS' },
    presented: leafAlone,
  },
  {
    name: 'variables that are not set',
    headers: { [cert]: '(null)', [verify]: '(null)' },
    presented: none,
  },
  {
    name: 'a + that a form decoder took',
    headers: { [cert]: leafHalfEscaped.replaceAll('+', '%20'), [verify]: 'SUCCESS' },
    presented: malformed(field, 'a base64 character'),
  },
]

test.each(apache)('Apache: $name', async (each) => {
  expect(await readOf(apachePlatform({ cert, verify }), each.headers)).toEqual(each.presented)
})

test('nginx knows no (null)', async () => {
  const read = await readOf(nginxPlatform({ cert, verify: undefined }), { [cert]: '(null)' })
  expect(read).toEqual(malformed(field, 'a URL-encoded character'))
})
