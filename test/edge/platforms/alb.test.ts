import { expect, test } from 'vitest'
import { albPlatform } from '#edge/platforms/alb.ts'
import type { Bytes } from '#shared/bytes.ts'
import { instantFromIso as at } from '#shared/time.ts'
import { albNames } from '#shared/wire/alb.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { encodeUrlPem } from '#shared/wire/url-pem.ts'
import { intermediatePem, leafFacts, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const chain: readonly Bytes[] = decoded.ok ? decoded.value : []
const [leaf = new Uint8Array(), ...intermediates] = chain

const verifyHeaders = {
  'X-Amzn-Mtls-Clientcert-Serial-Number': '9E2A',
  'X-Amzn-Mtls-Clientcert-Issuer': leafFacts.issuer,
  'X-Amzn-Mtls-Clientcert-Subject': leafFacts.subject,
  'X-Amzn-Mtls-Clientcert-Validity': 'NotBefore=2021-08-05T09:36:04Z;NotAfter=2031-11-21T23:59:59Z',
  'X-Amzn-Mtls-Clientcert-Leaf': encodeUrlPem([leaf]),
}
const attested = {
  kind: 'attested',
  leaf,
  fields: {
    serial: '9E2A',
    issuer: leafFacts.issuer,
    subject: leafFacts.subject,
    notBefore: at('2021-08-05T09:36:04Z'),
    notAfter: at('2031-11-21T23:59:59Z'),
  },
}
const chainHeader = { 'X-Amzn-Mtls-Clientcert': encodeUrlPem(chain) }
const renamed = albNames('X-Fleet-')

const cases = [
  {
    name: 'passthrough: a chain',
    mode: 'passthrough',
    headers: chainHeader,
    presented: { kind: 'chain', leaf, intermediates },
  },
  { name: 'passthrough: no header', mode: 'passthrough', headers: {}, presented: { kind: 'none' } },
  {
    name: 'passthrough: an empty header',
    mode: 'passthrough',
    headers: { 'X-Amzn-Mtls-Clientcert': '' },
    presented: {
      kind: 'malformed',
      field: 'x-amzn-mtls-clientcert',
      expected: '-----BEGIN CERTIFICATE-----',
    },
  },
  {
    name: 'passthrough: only verify headers',
    mode: 'passthrough',
    headers: verifyHeaders,
    presented: { kind: 'none' },
  },
  { name: 'verify: the five headers', mode: 'verify', headers: verifyHeaders, presented: attested },
  { name: 'verify: no header', mode: 'verify', headers: {}, presented: { kind: 'none' } },
  {
    name: 'verify: only the passthrough header',
    mode: 'verify',
    headers: chainHeader,
    presented: { kind: 'none' },
  },
  {
    name: 'verify: a serial alone',
    mode: 'verify',
    headers: { 'X-Amzn-Mtls-Clientcert-Serial-Number': '9E2A' },
    presented: {
      kind: 'malformed',
      field: 'x-amzn-mtls-clientcert-issuer',
      expected: 'the header, beside the others',
    },
  },
  {
    name: 'verify: a serial that is none',
    mode: 'verify',
    headers: { ...verifyHeaders, 'X-Amzn-Mtls-Clientcert-Serial-Number': 'x' },
    presented: {
      kind: 'malformed',
      field: 'x-amzn-mtls-clientcert-serial-number',
      expected: 'a serial as whole hexadecimal bytes',
    },
  },
] as const

test.each(cases)('$name', ({ mode, headers, presented }) => {
  const request = { headers: new Headers(headers) }
  expect(albPlatform({ mode }).read(request)).toEqual(presented)
})

test.each(['passthrough', 'verify'] as const)(
  '%s: a header that arrives twice is malformed',
  (mode) => {
    const headers = new Headers({ ...chainHeader, ...verifyHeaders })
    const twice = mode === 'verify' ? 'x-amzn-mtls-clientcert-leaf' : 'x-amzn-mtls-clientcert'
    headers.append(twice, headers.get(twice) ?? '')
    expect(albPlatform({ mode }).read({ headers })).toMatchObject({
      kind: 'malformed',
      field: twice,
    })
  },
)

test("renamed: a client's copy under the default name is not looked at", () => {
  const platform = albPlatform({ mode: 'passthrough', names: renamed })
  expect(platform.read({ headers: new Headers(chainHeader) })).toEqual({ kind: 'none' })
  expect(platform.ownHeaders).toEqual([
    'x-fleet-mtls-clientcert',
    'x-fleet-tls-version',
    'x-fleet-tls-cipher-suite',
  ])
})
