import { X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { Rejection, RejectionCode } from '#shared/verdict/rejection.ts'
import {
  cloudflareProfile,
  placeholder,
  tlsClientAuth,
} from '#simulator/front/profiles/cloudflare.ts'
import { verifiedWords } from '#simulator/front/profiles/cloudflare-verified.ts'
import type { ConnectionVerdict, TerminatedConnection } from '#simulator/front/profile.ts'
import { toAsciiJson } from '#simulator/front/headers.ts'
import { createTestWorld, type TestWorld } from '../credentials.ts'

let world: TestWorld

beforeAll(async () => {
  world = await createTestWorld()
})

function presenting(
  chain: readonly Bytes[],
  verdict: ConnectionVerdict = { kind: 'success' },
): TerminatedConnection {
  return { chain, verdict, clientAddress: '127.0.0.1', port: 8443, tlsVersion: 'TLSv1.3' }
}

test('the 21 keys of a good certificate, as OpenSSL has them', () => {
  const { device, issuing } = world
  const node = new X509Certificate(device.certPem)
  const auth = tlsClientAuth(presenting([device.der, issuing.der]))
  expect(Object.keys(auth)).toHaveLength(21)
  expect(auth).toEqual({
    certPresented: '1',
    certVerified: 'SUCCESS',
    certRevoked: '0',
    certIssuerDN: 'O=Sallyport,CN=Test Issuing',
    certSubjectDN: 'CN=meter-0001,O=Z\\C3\\A4hler\\, GmbH,C=DE',
    certIssuerDNRFC2253: 'O=Sallyport,CN=Test Issuing',
    certSubjectDNRFC2253: 'CN=meter-0001,O=Z\\C3\\A4hler\\, GmbH,C=DE',
    certIssuerDNLegacy: '/CN=Test Issuing/O=Sallyport',
    certSubjectDNLegacy: '/C=DE/O=Z\\xC3\\xA4hler, GmbH/CN=meter-0001',
    certSerial: '00D2AB',
    certIssuerSerial: '0A',
    certSKI: expect.stringMatching(/^[0-9A-F]{40}$/),
    certIssuerSKI: tlsClientAuth(presenting([issuing.der])).certSKI,
    certFingerprintSHA1: node.fingerprint.replaceAll(':', '').toLowerCase(),
    certFingerprintSHA256: node.fingerprint256.replaceAll(':', '').toLowerCase(),
    certNotBefore: node.validFrom,
    certNotAfter: node.validTo,
    certRFC9440: `:${Buffer.from(device.der).toString('base64')}:`,
    certRFC9440TooLarge: false,
    certChainRFC9440: `:${Buffer.from(issuing.der).toString('base64')}:`,
    certChainRFC9440TooLarge: false,
  })
  expect(auth.certNotAfter).toBe('Mar  1 13:35:00 2046 GMT')
})

test('without a certificate the object is there, and empty', () => {
  expect(tlsClientAuth(presenting([], { kind: 'none' }))).toEqual(placeholder)
})

test.each(Object.keys(answers) as RejectionCode[])('a verdict of %s has its word', (code) => {
  const verdict = { kind: 'failed', rejection: { code } as Rejection } as const
  const auth = tlsClientAuth(presenting([world.device.der], verdict))
  expect(auth.certVerified).toBe(verifiedWords[code])
  expect(auth.certRevoked).toBe('0')
  expect(auth.certRFC9440).not.toBe('')
})

/** Base64 between two colons takes `characters` characters in all. */
const sized = (characters: number) => new Uint8Array(((characters - 2) / 4) * 3)

const sizes = [
  { what: 'leaf', name: 'just not too large', chain: [sized(10_238)], leaf: false, rest: false },
  { what: 'leaf', name: 'just too large', chain: [sized(10_242)], leaf: true, rest: false },
  {
    what: 'chain',
    name: 'just not too large',
    chain: [sized(6), sized(16_382)],
    leaf: false,
    rest: false,
  },
  {
    what: 'chain',
    name: 'just too large',
    chain: [sized(6), sized(16_386)],
    leaf: false,
    rest: true,
  },
  {
    what: 'chain',
    name: 'too large by its commas',
    chain: [sized(6), sized(8_190), sized(8_194)],
    leaf: false,
    rest: true,
  },
]

test.each(sizes)('a $what $name', ({ chain, leaf, rest }) => {
  const auth = tlsClientAuth(presenting(chain))
  expect([auth.certRFC9440TooLarge, auth.certRFC9440 === '']).toEqual([leaf, leaf])
  expect(auth.certChainRFC9440TooLarge).toBe(rest)
  expect(auth.certChainRFC9440 === '').toBe(rest || chain.length === 1)
})

test('bytes that the core cannot parse are passed on as bytes', () => {
  const bytes = Uint8Array.of(0x30, 0x80, 0, 0)
  const verdict = {
    kind: 'failed',
    rejection: { code: 'malformed_certificate', at: 0, offset: 1, expected: '' },
  } as const
  expect(tlsClientAuth(presenting([bytes], verdict))).toMatchObject({
    certPresented: '1',
    certVerified: 'FAILED',
    certSerial: '',
    certRFC9440: ':MIAAAA==:',
  })
})

test('everyone is admitted, and the client address is set', async () => {
  expect(cloudflareProfile.admits({ kind: 'none' })).toBe(true)
  const { headers } = await cloudflareProfile.connectionFacts(presenting([]))
  expect(headers).toContainEqual(['cf-connecting-ip', '127.0.0.1'])
})

test('the control header is ASCII, whatever the facts say', () => {
  const facts = { name: 'Zähler ключ 🚗\u007f' }
  const json = toAsciiJson(facts)
  expect(json).toMatch(/^[\x20-\x7e]*$/)
  expect(JSON.parse(json)).toEqual(facts)
})
