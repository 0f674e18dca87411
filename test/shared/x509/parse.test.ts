import { describe, expect, test } from 'vitest'
import { toHex } from '#shared/bytes.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import {
  context,
  explicit,
  integer,
  nothing,
  octets,
  sequence,
  time,
  utcTime,
} from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { at, certificateOf, createCa, extension, issue, name, type Overrides } from '../pki.ts'

const ca = await createCa()
const keys = await newKeys()
const leaf = (overrides: Overrides) => issue(ca, { keys, ...overrides })

/** What the parser says of a leaf bent in this way: "ok", or what it expected. */
async function said(overrides: Overrides): Promise<string> {
  const parsed = parseCertificate((await leaf(overrides)).der)
  return parsed.ok ? 'ok' : parsed.error.expected
}

test('every field is a view of the very octets that were parsed', async () => {
  const { der } = await leaf({ serial: [0x00, 0xd2, 0xab], subject: 'meter-0001' })
  const certificate = certificateOf({ der })
  expect(certificate).toMatchObject({
    version: 3,
    validity: { notBefore: at('2026-01-01T00:00:00Z'), notAfter: at('2026-12-31T23:59:59Z') },
  })
  expect(toHex(certificate.serial)).toBe('00d2ab')
  expect(certificate.issuer).toEqual(ca.name)
  expect(certificate.subject).toEqual(name('meter-0001'))
  expect(certificate.spki).toEqual(keys.spki)
  expect(certificate.signatureAlgorithm).toEqual(ca.keys.algorithm)
  for (const part of [
    certificate.tbs,
    certificate.serial,
    certificate.spki,
    certificate.signature,
  ]) {
    expect(part.buffer).toBe(der.buffer)
  }
})

test('a certificate inside a larger buffer is read where it stands', async () => {
  const { der } = await leaf({})
  const within = octets(1, 2, 3, ...der, 4).subarray(3, 3 + der.length)
  const parts = ['tbs', 'serial', 'issuer', 'subject', 'spki', 'signature'] as const
  for (const part of parts) {
    expect(certificateOf({ der: within })[part]).toEqual(certificateOf({ der })[part])
  }
  for (const part of ['keyUsage', 'extendedKeyUsage'] as const) {
    const { extensions } = certificateOf({ der: within })
    expect(extensions[part]).toEqual(certificateOf({ der }).extensions[part])
  }
})

test('a view that has been asked for stays the same one', async () => {
  const certificate = certificateOf(await leaf({}))
  for (const part of ['tbs', 'serial', 'issuer', 'subject', 'spki', 'signature'] as const) {
    expect(certificate[part]).toBe(certificate[part])
  }
  expect(certificate.extensions.keyUsage).toBe(certificate.extensions.keyUsage)
})

const alternatives = (weight?: 'critical') =>
  extension('2.5.29.17', sequence(context(2, octets(0x61))), weight)

describe('an empty subject (RFC 5280 4.2.1.6)', () => {
  test.each([
    { name: 'beside a critical subjectAltName', names: alternatives('critical'), says: 'ok' },
    {
      name: 'beside one that is not',
      names: alternatives(),
      says: 'a critical one beside an empty subject',
    },
  ])('$name: $says', async ({ names, says }) => {
    expect(await said({ parts: { subject: sequence() }, extensions: { names } })).toBe(says)
  })

  test('a subject needs no critical one', async () => {
    expect(await said({ extensions: { names: alternatives() } })).toBe('ok')
  })
})

describe('version (RFC 5280 4.1.2.1) and what it allows', () => {
  const none = { extensions: nothing }
  const unique = { uniqueIdentifiers: context(1, octets(0, 1)) }

  test.each([
    { name: '1, by leaving it out', parts: { version: nothing, ...none }, says: 'ok' },
    { name: '2', parts: { version: explicit(0, integer(1)), ...none }, says: 'ok' },
    { name: '3', parts: { version: explicit(0, integer(2)) }, says: 'ok' },
    { name: '3 without extensions', parts: none, says: 'ok' },
    {
      name: '1, written although it is the default',
      parts: { version: explicit(0, integer(0)), ...none },
      says: 'version 2 or 3',
    },
    { name: '4', parts: { version: explicit(0, integer(3)) }, says: 'version 2 or 3' },
    {
      name: 'minus one',
      parts: { version: explicit(0, integer(0xff)) },
      says: 'version from 0 to 2^31 - 1',
    },
    {
      name: 'two of them',
      parts: { version: explicit(0, integer(2), integer(2)) },
      says: 'the end of the element',
    },
    {
      name: '1 with extensions',
      parts: { version: nothing },
      says: 'no extensions before version 3',
    },
    {
      name: '2 with extensions',
      parts: { version: explicit(0, integer(1)) },
      says: 'no extensions before version 3',
    },
    {
      name: '1 with a unique identifier',
      parts: { version: nothing, ...none, ...unique },
      says: 'no unique identifier in a version 1 certificate',
    },
    {
      name: '2 with a unique identifier',
      parts: { version: explicit(0, integer(1)), ...none, ...unique },
      says: 'ok',
    },
    {
      name: '3 with both unique identifiers',
      parts: { uniqueIdentifiers: octets(...unique.uniqueIdentifiers, ...context(2, octets(0))) },
      says: 'ok',
    },
    {
      name: '3 with both in the wrong order',
      parts: { uniqueIdentifiers: octets(...context(2, octets(0)), ...unique.uniqueIdentifiers) },
      says: 'the end of the element',
    },
  ])('$name: $says', async ({ parts, says }) => {
    expect(await said({ parts })).toBe(says)
  })
})

const octetsFrom = (count: number, first: number) => [
  first,
  ...Array.from({ length: count - 1 }, () => 1),
]

describe('serial number (RFC 5280 4.1.2.2)', () => {
  test.each([
    { name: 'zero', serial: [0x00], says: 'ok' },
    { name: 'negative', serial: [0x80], says: 'ok' },
    { name: '20 octets', serial: octetsFrom(20, 0x7f), says: 'ok' },
    { name: '20 octets and a sign octet', serial: [0x00, ...octetsFrom(20, 0xff)], says: 'ok' },
    { name: '21 octets', serial: octetsFrom(21, 0x7f), says: 'serialNumber of at most 20 octets' },
    {
      name: '21 octets and a sign octet',
      serial: [0x00, ...octetsFrom(21, 0xff)],
      says: 'serialNumber of at most 20 octets',
    },
    { name: 'no octets', serial: [], says: 'serialNumber with content' },
    { name: 'a zero too many', serial: [0x00, 0x01], says: 'serialNumber in its shortest form' },
  ])('$name: $says', async ({ serial, says }) => {
    expect(await said({ serial })).toBe(says)
  })
})

describe('the parts', () => {
  const noon = time(at('2026-06-15T12:00:00Z'))

  test.each([
    {
      name: 'an unsigned algorithm other than the signed one (RFC 5280 4.1.1.2)',
      parts: { outerAlgorithm: sequence(octets(0x05, 0x00)) },
      says: 'signatureAlgorithm equal to the signed one',
    },
    { name: 'a validity of one second', parts: { validity: sequence(noon, noon) }, says: 'ok' },
    { name: 'no notAfter', parts: { validity: sequence(noon) }, says: 'notAfter' },
    {
      name: 'a third time',
      parts: { validity: sequence(noon, noon, noon) },
      says: 'the end of the element',
    },
    {
      name: 'a notBefore without seconds',
      parts: { validity: sequence(utcTime('2606151200Z'), noon) },
      says: 'notBefore as YYMMDDHHMMSSZ',
    },
    { name: 'no issuer', parts: { issuer: integer(1) }, says: 'issuer' },
    { name: 'validity in the place of the issuer', parts: { issuer: nothing }, says: 'notBefore' },
    { name: 'a name that is no SEQUENCE', parts: { subject: integer(1) }, says: 'subject' },
    { name: 'no key', parts: { spki: nothing }, says: 'subjectPublicKeyInfo' },
    {
      name: 'something behind the extensions',
      parts: { extensions: octets(...explicit(3, sequence(extension('1.2.3', octets()))), 5, 0) },
      says: 'the end of the element',
    },
  ])('$name: $says', async ({ parts, says }) => {
    expect(await said({ parts })).toBe(says)
  })

  test.each([
    { name: 'nothing', bend: () => octets(), offset: 0, expected: 'Certificate' },
    {
      name: 'an octet behind the certificate',
      bend: (der: Uint8Array) => octets(...der, 0),
      offset: 'the length',
      expected: 'the end of the element',
    },
    {
      name: 'an octet too few',
      bend: (der: Uint8Array) => octets(...der.subarray(0, -1)),
      offset: 0,
      expected: 'Certificate within its enclosing element',
    },
  ])('refused: $name', async ({ bend, offset, expected }) => {
    const { der } = await leaf({})
    const error = { offset: offset === 'the length' ? der.length : offset, expected }
    expect(parseCertificate(bend(der))).toEqual({ ok: false, error })
  })

  test('the fault tells the octet, counted from the start of the certificate', async () => {
    const { der } = await leaf({ serial: [0x00, 0x01] })
    const parsed = parseCertificate(der)
    // Certificate has a header of four octets, TBSCertificate of three; the version takes five.
    expect(parsed.ok ? undefined : parsed.error.offset).toBe(12)
  })
})
