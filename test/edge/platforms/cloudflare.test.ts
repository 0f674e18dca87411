import { expect, test } from 'vitest'
import { cloudflarePlatform } from '#edge/platforms/cloudflare.ts'
import type { Bytes } from '#shared/bytes.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { writeClientCert, writeClientCertChain } from '#shared/wire/rfc9440.ts'
import { intermediatePem, leafFacts, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const [leaf = new Uint8Array(), ...intermediates]: readonly Bytes[] = decoded.ok
  ? decoded.value
  : []

/** The object as Cloudflare fills it; the placeholder of a connection without a certificate. */
const facts = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certSubjectDNRFC2253: leafFacts.subject,
  certSerial: '009E2A',
  certNotBefore: leafFacts.notBefore,
  certNotAfter: leafFacts.notAfter,
  certRFC9440: writeClientCert(leaf),
  certRFC9440TooLarge: false,
  certChainRFC9440: writeClientCertChain(intermediates),
  certChainRFC9440TooLarge: false,
}
const placeholder = {
  certPresented: '0',
  certVerified: 'NONE',
  certRevoked: '0',
  certSerial: '',
  certRFC9440: '',
  certRFC9440TooLarge: false,
  certChainRFC9440: '',
  certChainRFC9440TooLarge: false,
}
const chain = { kind: 'chain', leaf, intermediates }
const malformed = (field: string, expected: string): object => ({
  kind: 'malformed',
  field: `cf.tlsClientAuth${field}`,
  expected,
})

const cases: readonly { name: string; tlsClientAuth: unknown; presented: object }[] = [
  { name: 'a chain', tlsClientAuth: facts, presented: chain },
  {
    name: 'a leaf alone',
    tlsClientAuth: { ...facts, certChainRFC9440: '' },
    presented: { ...chain, intermediates: [] },
  },
  {
    name: 'a chain Cloudflare distrusts: its verdict is not ours',
    tlsClientAuth: { ...facts, certVerified: 'FAILED:unable to get local issuer certificate' },
    presented: chain,
  },
  {
    name: 'a leaf that Cloudflare revoked',
    tlsClientAuth: { ...facts, certRevoked: '1' },
    presented: { ...chain, platformSaysRevoked: true },
  },
  { name: 'the placeholder', tlsClientAuth: placeholder, presented: { kind: 'none' } },
  {
    name: 'the placeholder of older days',
    tlsClientAuth: { certPresented: '0', certVerified: 'NONE', certRevoked: '0' },
    presented: { kind: 'none' },
  },
  { name: 'no object', tlsClientAuth: undefined, presented: { kind: 'none' } },
  { name: 'null', tlsClientAuth: null, presented: { kind: 'none' } },
  {
    name: 'a leaf too large',
    tlsClientAuth: { ...facts, certRFC9440: '', certRFC9440TooLarge: true },
    presented: { kind: 'withheld', what: 'leaf' },
  },
  {
    name: 'a chain too large',
    tlsClientAuth: { ...facts, certChainRFC9440: '', certChainRFC9440TooLarge: true },
    presented: { kind: 'withheld', what: 'chain' },
  },
  {
    name: 'an empty object',
    tlsClientAuth: {},
    presented: malformed('.certRevoked', '"0" or "1"'),
  },
  { name: 'a text', tlsClientAuth: 'SUCCESS', presented: malformed('', 'an object') },
  { name: 'a list', tlsClientAuth: [facts], presented: malformed('', 'an object') },
  {
    name: 'presence as a boolean',
    tlsClientAuth: { ...facts, certPresented: true },
    presented: malformed('.certPresented', '"0" or "1"'),
  },
  {
    name: 'an unknown presence',
    tlsClientAuth: { ...facts, certPresented: '' },
    presented: malformed('.certPresented', '"0" or "1"'),
  },
  {
    name: 'revocation as a boolean',
    tlsClientAuth: { ...facts, certRevoked: false },
    presented: malformed('.certRevoked', '"0" or "1"'),
  },
  {
    name: 'no word of revocation',
    tlsClientAuth: { ...facts, certRevoked: undefined },
    presented: malformed('.certRevoked', '"0" or "1"'),
  },
  {
    name: 'revoked, yet not presented',
    tlsClientAuth: { ...placeholder, certRevoked: '1' },
    presented: malformed('.certPresented', '"1" beside a certificate'),
  },
  {
    name: 'bytes, yet not presented',
    tlsClientAuth: { ...facts, certPresented: '0' },
    presented: malformed('.certPresented', '"1" beside a certificate'),
  },
  {
    name: 'presented, yet no bytes',
    tlsClientAuth: { ...facts, certRFC9440: '' },
    presented: malformed('.certRFC9440', 'a byte sequence between colons'),
  },
  {
    name: 'a runtime that knows no bytes yet',
    tlsClientAuth: { ...facts, certRFC9440: undefined },
    presented: malformed('.certRFC9440', 'a string'),
  },
  {
    name: 'two leaves',
    tlsClientAuth: { ...facts, certRFC9440: ':MAA=:, :MAA=:' },
    presented: malformed('.certRFC9440', 'one byte sequence'),
  },
  {
    name: 'a broken chain',
    tlsClientAuth: { ...facts, certChainRFC9440: ':MAA=:,' },
    presented: malformed('.certChainRFC9440', 'a byte sequence between colons'),
  },
  {
    name: 'a chain that is no text',
    tlsClientAuth: { ...facts, certChainRFC9440: [] },
    presented: malformed('.certChainRFC9440', 'a string'),
  },
  {
    name: 'a flag as text',
    tlsClientAuth: { ...facts, certRFC9440TooLarge: 'false' },
    presented: malformed('.certRFC9440TooLarge', 'a boolean'),
  },
  {
    name: 'a flag that is missing',
    tlsClientAuth: { ...facts, certChainRFC9440TooLarge: undefined },
    presented: malformed('.certChainRFC9440TooLarge', 'a boolean'),
  },
]

test.each(cases)('$name', ({ tlsClientAuth, presented }) => {
  const headers = new Headers({ 'client-cert': ':MAA=:', 'cf-cert-presented': '1' })
  expect(cloudflarePlatform().read({ headers, cf: { tlsClientAuth } })).toEqual(presented)
})

const outer = [
  { cf: undefined, presented: { kind: 'none' } },
  { cf: null, presented: { kind: 'none' } },
  { cf: {}, presented: { kind: 'none' } },
  { cf: 'cf', presented: { kind: 'malformed', field: 'cf', expected: 'an object' } },
]

test.each(outer)('cf is $cf', ({ cf, presented }) => {
  expect(cloudflarePlatform().read({ headers: new Headers(), cf })).toEqual(presented)
})

test('a plain Request has what the platform reads', () => {
  expect(cloudflarePlatform().read(new Request('https://edge.example/'))).toEqual({ kind: 'none' })
})
