import { describe, expect, test } from 'vitest'
import { appServicePlatform } from '#edge/platforms/app-service.ts'
import { caddyPlatform } from '#edge/platforms/caddy.ts'
import { traefikPlatform } from '#edge/platforms/traefik.ts'
import {
  readOf,
  leafAlone,
  leafSha256,
  malformed,
  none,
  spelt,
  wholeChain,
  type HeadersCase,
} from './given.ts'

const { leafBase64, intermediateBase64, leafEscaped } = spelt

describe('Azure App Service', () => {
  const field = 'x-arr-clientcert'
  const cases: readonly HeadersCase[] = [
    { name: 'no header', headers: {}, presented: none },
    { name: 'an empty header', headers: { [field]: '' }, presented: none },
    { name: 'base64 DER', headers: { 'X-ARR-ClientCert': leafBase64 }, presented: leafAlone },
    {
      name: 'PEM, escaped',
      headers: { [field]: leafEscaped },
      presented: malformed(field, 'base64 of a certificate'),
    },
    {
      name: 'two headers',
      headers: { [field]: [leafBase64, leafBase64] },
      presented: malformed(field, 'base64 of a certificate'),
    },
  ]
  test.each(cases)('$name', async (each) => {
    expect(await readOf(appServicePlatform(), each.headers)).toEqual(each.presented)
  })
})

describe('Traefik', () => {
  const field = 'x-forwarded-tls-client-cert'
  const info = 'x-forwarded-tls-client-cert-info'
  const chain = `${leafBase64},${intermediateBase64}`
  const cases: readonly HeadersCase[] = [
    { name: 'no header', headers: {}, presented: none },
    { name: 'a leaf', headers: { [field]: leafBase64 }, presented: leafAlone },
    { name: 'a chain', headers: { [field]: chain }, presented: wholeChain },
    {
      name: 'a chain of a version before 2.9.4',
      headers: { [field]: [leafBase64, intermediateBase64].map(encodeURIComponent).join(',') },
      presented: wholeChain,
    },
    {
      name: 'facts alone, which a subject can make up',
      headers: {
        [info]: encodeURIComponent('Subject="CN=car";SerialNumber="40490";NB="1628156164"'),
      },
      presented: { kind: 'malformed', field, expected: `one beside ${info}` },
    },
    {
      name: 'facts beside the certificate',
      headers: { [field]: leafBase64, [info]: 'x' },
      presented: leafAlone,
    },
    {
      name: 'two headers',
      headers: { [field]: [leafBase64, leafBase64] },
      presented: malformed(field, 'base64 of a certificate'),
    },
    {
      name: 'an empty header',
      headers: { [field]: '' },
      presented: malformed(field, 'base64 of a certificate'),
    },
    {
      name: 'a + that form decoding took',
      headers: { [field]: leafBase64.replaceAll('+', ' ') },
      presented: malformed(field, 'base64 of a certificate'),
    },
  ]
  test.each(cases)('$name', async (each) => {
    expect(await readOf(traefikPlatform(), each.headers)).toEqual(each.presented)
  })
})

describe('Caddy', () => {
  const cert = 'X-Tls-Client-Cert'
  const fingerprint = 'X-Tls-Client-Fingerprint'
  const field = cert.toLowerCase()
  const digest = fingerprint.toLowerCase()
  const ofNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const cases: readonly HeadersCase[] = [
    { name: 'no header', headers: {}, presented: none },
    {
      name: 'the placeholders of a connection without a certificate',
      headers: { [cert]: '', [fingerprint]: ofNothing },
      presented: none,
    },
    {
      name: 'the placeholders that Caddy 2.6 leaves standing',
      headers: {
        [cert]: '{http.request.tls.client.certificate_der_base64}',
        [fingerprint]: '{http.request.tls.client.fingerprint}',
      },
      presented: none,
    },
    {
      name: 'a certificate and its fingerprint',
      headers: { [cert]: leafBase64, [fingerprint]: leafSha256 },
      presented: leafAlone,
    },
    {
      name: 'a certificate and the fingerprint of nothing',
      headers: { [cert]: leafBase64, [fingerprint]: ofNothing },
      presented: malformed(digest, "the certificate's SHA-256"),
    },
    {
      name: 'a certificate without its fingerprint',
      headers: { [cert]: leafBase64 },
      presented: malformed(digest, "the certificate's SHA-256"),
    },
    {
      name: 'two fingerprints',
      headers: { [cert]: leafBase64, [fingerprint]: [leafSha256, leafSha256] },
      presented: malformed(digest, "the certificate's SHA-256"),
    },
    {
      name: 'a fingerprint without its certificate',
      headers: { [fingerprint]: leafSha256 },
      presented: malformed(field, `the certificate that ${digest} speaks of`),
    },
    {
      name: 'a placeholder that Caddy does not know',
      headers: { [cert]: '{tls_client_certificate_der_base64}', [fingerprint]: leafSha256 },
      presented: malformed(field, 'base64 of a certificate'),
    },
    {
      name: 'two certificates',
      headers: { [cert]: [leafBase64, leafBase64], [fingerprint]: leafSha256 },
      presented: malformed(field, 'base64 of a certificate'),
    },
  ]
  test.each(cases)('$name', async (each) => {
    expect(await readOf(caddyPlatform({ cert, fingerprint }), each.headers)).toEqual(each.presented)
  })

  test('without a fingerprint the certificate alone is read', async () => {
    const platform = caddyPlatform({ cert, fingerprint: undefined })
    expect(platform.ownHeaders).toEqual([field])
    expect(await readOf(platform, { [cert]: leafBase64 })).toEqual(leafAlone)
    expect(await readOf(platform, { [cert]: '' })).toEqual(none)
  })
})
