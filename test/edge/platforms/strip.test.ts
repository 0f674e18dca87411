import { expect, test } from 'vitest'
import { albPlatform } from '#edge/platforms/alb.ts'
import { cloudflarePlatform, managedTransformHeaders } from '#edge/platforms/cloudflare.ts'
import { knownHeaders } from '#edge/platforms/known-headers.ts'
import type { Platform } from '#edge/platforms/platform.ts'
import { foreignHeaders } from '#edge/platforms/strip.ts'
import { albNames } from '#shared/wire/alb.ts'

const cloudflare = cloudflarePlatform()
const passthrough = albPlatform({ mode: 'passthrough' })
const verify = albPlatform({ mode: 'verify' })
const renamed = albPlatform({ mode: 'passthrough', names: albNames('X-Fleet-') })

/** Whether a header of this name, sent to this platform, is taken for a forgery. */
function isForged(name: string, platform: Platform): boolean {
  const { forged, taken } = foreignHeaders(new Headers({ [name]: '1', accept: '*/*' }), platform)
  expect(taken).toEqual(forged)
  expect(['', name.toLowerCase()]).toContain(forged.join())
  return forged.includes(name.toLowerCase())
}

/** Names as each product writes them: one at least for each of the products that are known. */
const products = [
  'X-Amzn-Mtls-Clientcert',
  'X-Amzn-Mtls-Clientcert-Leaf',
  'X-Amzn-Tls-Version',
  'X-Amzn-Tls-Cipher-Suite',
  'AMZN-MTLS-CLIENT-CERT',
  'CloudFront-Viewer-Cert-Pem',
  'CloudFront-Viewer-Cert-Present',
  'Cf-Cert-Verified',
  'Cf-Client-Cert-Der-Base64',
  'Cf-Client-Cert-Sha256',
  'Client-Cert',
  'Client-Cert-Chain',
  'X-Client-Cert',
  'X-Client-Cert-Chain-Verified',
  'X-Forwarded-Client-Cert',
  'X-Forwarded-Tls-Client-Cert',
  'X-Forwarded-Tls-Client-Cert-Info',
  'ssl-client-cert',
  'ssl-client-subject-dn',
  'SSL_CLIENT_S_DN',
  'X-SSL',
  'X-SSL-Issuer',
  'X-SSL-Client-CN',
  'X-SSL-Client-NotAfter',
  'X-SSL-Client-Verify',
  'X-ARR-ClientCert',
  'Client-To-Edge',
]

test.each(products)('%s is foreign to Cloudflare', (name) => {
  expect(isForged(name, cloudflare)).toBe(true)
})

test.each(knownHeaders)(
  'every known header is in lower case and parted by hyphens: %s',
  (header) => {
    const name = 'name' in header ? header.name : header.family
    expect(name).toMatch(/^[a-z0-9-]+$/)
    expect(isForged(name, cloudflare)).toBe(true)
  },
)

const spellings = [
  { name: 'X-Amzn-Mtls-Clientcert', platform: passthrough, forged: false },
  { name: 'x-amzn-mtls-clientcert', platform: passthrough, forged: false },
  { name: 'X_Amzn_Mtls_Clientcert', platform: passthrough, forged: true },
  { name: 'x-amzn_mtls-clientcert', platform: passthrough, forged: true },
  { name: 'X.Amzn.Mtls.Clientcert', platform: passthrough, forged: true },
  { name: 'X-Amzn-Mtls-Clientcert-Leaf', platform: passthrough, forged: true },
  { name: 'X-Amzn-Mtls-Clientcert-Verify', platform: passthrough, forged: true },
  { name: 'X-Amzn-Tls-Version', platform: passthrough, forged: false },
  { name: 'X-Amzn-Mtls-Clientcert-Leaf', platform: verify, forged: false },
  { name: 'X-Amzn-Mtls-Clientcert', platform: verify, forged: true },
  { name: 'X-Amzn-Mtls-Clientcert', platform: renamed, forged: true },
  { name: 'X-Fleet-Mtls-Clientcert', platform: renamed, forged: false },
  { name: 'X_Fleet_Mtls_Clientcert', platform: renamed, forged: true },
  { name: 'x.fleet-mtls_clientcert', platform: renamed, forged: true },
  { name: 'X-Fleet-Mtls-Clientcert', platform: cloudflare, forged: false },
  {
    name: 'cf-cert-verified',
    platform: cloudflarePlatform(managedTransformHeaders),
    forged: false,
  },
  { name: 'cf_cert_verified', platform: cloudflarePlatform(managedTransformHeaders), forged: true },
  { name: 'client-certs', platform: cloudflare, forged: false },
  { name: 'cf-ray', platform: cloudflare, forged: false },
  { name: 'cf-connecting-ip', platform: cloudflare, forged: false },
  { name: 'x-forwarded-for', platform: cloudflare, forged: false },
  { name: 'x-amzn-trace-id', platform: passthrough, forged: false },
  { name: 'x-sslx', platform: cloudflare, forged: false },
]

test.each(spellings)('$name at $platform.name: forged $forged', ({ name, platform, forged }) => {
  expect(isForged(name, platform)).toBe(forged)
})

test('several forgeries are all named', () => {
  const original = new Headers([
    ['Client-Cert', 'a'],
    ['client-cert', 'b'],
    ['x_ssl_client_cn', 'c'],
    ['X-Amzn-Mtls-Clientcert', 'd'],
    ['cookie', 'e'],
  ])
  expect(foreignHeaders(original, passthrough).forged).toEqual(['client-cert', 'x_ssl_client_cn'])
})

test.each([
  { headers: { accept: '*/*' }, taken: [] },
  { headers: { accept: '*/*', 'x-hop': 'secret' }, taken: ['x-hop'] },
])('another name that is there goes too, and is no forgery: $taken', ({ headers, taken }) => {
  const found = foreignHeaders(new Headers(headers), passthrough, 'x-hop')
  expect(found).toEqual({ forged: [], taken })
})

test('names beyond those that are remembered are looked at all the same', () => {
  for (let nth = 0; nth < 300; nth += 1)
    foreignHeaders(new Headers({ [`x-${nth}`]: '1' }), passthrough)
  for (const name of ['client-cert', 'client-cert', `x-client-cert-${'x'.repeat(64)}`]) {
    expect(foreignHeaders(new Headers({ [name]: '1' }), passthrough).forged).toEqual(
      isForged(name, passthrough) ? [name] : [],
    )
  }
  expect(foreignHeaders(new Headers({ client_cert: '1' }), passthrough).forged).toEqual([
    'client_cert',
  ])
})
