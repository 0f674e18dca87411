import { expect, test } from 'vitest'
import { albPlatform } from '#edge/platforms/alb.ts'
import { cloudflarePlatform, managedTransformHeaders } from '#edge/platforms/cloudflare.ts'
import { knownHeaders } from '#edge/platforms/known-headers.ts'
import type { Platform } from '#edge/platforms/platform.ts'
import { stripForeign } from '#edge/platforms/strip.ts'
import { albNames } from '#shared/wire/alb.ts'

const cloudflare = cloudflarePlatform()
const passthrough = albPlatform({ mode: 'passthrough' })
const verify = albPlatform({ mode: 'verify' })
const renamed = albPlatform({ mode: 'passthrough', names: albNames('X-Fleet-') })

/** Whether a header of this name, sent to this platform, is taken for a forgery. */
function isForged(name: string, platform: Platform): boolean {
  const { headers, forged } = stripForeign(new Headers({ [name]: '1', accept: '*/*' }), platform)
  expect(headers.get('accept')).toBe('*/*')
  expect(headers.has(name)).toBe(forged.length === 0)
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

test('several forgeries are all named and taken, the original stays as it was', () => {
  const original = new Headers([
    ['Client-Cert', 'a'],
    ['client-cert', 'b'],
    ['x_ssl_client_cn', 'c'],
    ['X-Amzn-Mtls-Clientcert', 'd'],
    ['cookie', 'e'],
  ])
  const { headers, forged } = stripForeign(original, passthrough)
  expect(forged).toEqual(['client-cert', 'x_ssl_client_cn'])
  expect([...headers]).toEqual([
    ['cookie', 'e'],
    ['x-amzn-mtls-clientcert', 'd'],
  ])
  expect(original.has('client-cert')).toBe(true)
})

test("where nothing is taken away the headers are the request's own, and none is copied", () => {
  const original = new Headers({ accept: '*/*', 'x-amzn-mtls-clientcert': 'd' })
  expect(stripForeign(original, passthrough, 'x-hop').headers).toBe(original)
})

test('another name goes too, and is no forgery', () => {
  const original = new Headers({ accept: '*/*', 'x-hop': 'secret' })
  const { headers, forged } = stripForeign(original, passthrough, 'x-hop')
  expect([[...headers], forged]).toEqual([[['accept', '*/*']], []])
  expect(original.has('x-hop')).toBe(true)
})

test('names beyond those that are remembered are looked at all the same', () => {
  for (let nth = 0; nth < 300; nth += 1)
    stripForeign(new Headers({ [`x-${nth}`]: '1' }), passthrough)
  for (const name of ['client-cert', 'client-cert', `x-client-cert-${'x'.repeat(64)}`]) {
    expect(stripForeign(new Headers({ [name]: '1' }), passthrough).forged).toEqual(
      isForged(name, passthrough) ? [name] : [],
    )
  }
  expect(stripForeign(new Headers({ client_cert: '1' }), passthrough).forged).toEqual([
    'client_cert',
  ])
})
