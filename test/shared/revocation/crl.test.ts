import { describe, expect, test } from 'vitest'
import { parseCrl } from '#shared/revocation/crl.ts'
import {
  element,
  enumerated,
  explicit,
  generalizedTime,
  integer,
  nothing,
  nul,
  octets,
  octetString,
  sequence,
  time,
  utcTime,
} from '../der/writer.ts'
import { createCrl, crlOf, entry, reason, revokedAt, type CrlOverrides } from '../crls.ts'
import { at, createCa, extension, type Extensions } from '../pki.ts'

const ca = await createCa()

/** What the parser says of a CRL bent in this way: "ok", or what it expected. */
async function said(overrides: CrlOverrides): Promise<string> {
  const parsed = parseCrl(await createCrl(ca, overrides))
  return parsed.ok ? 'ok' : parsed.error.expected
}

test('every field', async () => {
  const der = await createCrl(ca, { number: 9, entries: [entry([0x2a], reason(1))] })
  const crl = crlOf(der)
  expect(crl).toMatchObject({
    thisUpdate: at('2026-06-14T12:00:00Z'),
    nextUpdate: at('2026-06-16T12:00:00Z'),
    number: 9n,
    criticalUnknown: [],
  })
  expect(crl.issuer).toEqual(ca.name)
  expect(crl.signatureAlgorithm).toEqual(ca.keys.algorithm)
  expect(crl.tbs.buffer).toBe(der.buffer)
  expect(crl.index.size).toBe(1)
})

test('a CRL inside a larger buffer is read, and looked up, where it stands', async () => {
  const der = await createCrl(ca, { entries: [entry([0x2a], reason(1))] })
  const within = octets(1, 2, 3, ...der, 4).subarray(3, 3 + der.length)
  expect(crlOf(within)).toMatchObject({ number: 7n })
  expect(crlOf(within).index.find(octets(0x2a))).toMatchObject({ since: revokedAt, reason: 1 })
})

describe('the parts (RFC 5280 5.1)', () => {
  test.each([
    { name: 'version 1, by leaving it out', parts: { version: nothing }, says: 'version 2' },
    { name: 'version 1, written', parts: { version: integer(0) }, says: 'version 2' },
    { name: 'version 3', parts: { version: integer(2) }, says: 'version 2' },
    {
      name: 'an unsigned algorithm other than the signed one (5.1.1.2)',
      parts: { outerAlgorithm: sequence(nul) },
      says: 'signatureAlgorithm equal to the signed one',
    },
    { name: 'no issuer', parts: { issuer: nothing }, says: 'issuer' },
    { name: 'no nextUpdate (5.1.2.5)', parts: { nextUpdate: nothing }, says: 'nextUpdate' },
    {
      name: 'no thisUpdate seconds',
      parts: { thisUpdate: utcTime('2606141200Z') },
      says: 'thisUpdate as YYMMDDHHMMSSZ',
    },
    {
      name: 'times of four-digit years',
      parts: { nextUpdate: generalizedTime('20500101000000Z') },
      says: 'ok',
    },
    {
      name: 'an empty list, as seen in the field (5.1.2.6)',
      parts: { entries: sequence() },
      says: 'ok',
    },
    { name: 'no extensions', parts: { extensions: nothing }, says: 'ok' },
    {
      name: 'extensions without their tag',
      parts: { extensions: sequence(extension('1.2.3', nul)) },
      says: 'userCertificate',
    },
    {
      name: 'octets behind the extensions',
      parts: { extensions: octets(...explicit(0, sequence()), 5, 0) },
      says: 'the end of the element',
    },
  ])('$name: $says', async ({ parts, says }) => {
    expect(await said({ parts })).toBe(says)
  })

  test.each([
    { name: 'nothing', bend: () => octets(), expected: 'CertificateList' },
    {
      name: 'an octet behind',
      bend: (der: Uint8Array) => octets(...der, 0),
      expected: 'the end of the element',
    },
    {
      name: 'an octet too few',
      bend: (der: Uint8Array) => octets(...der.subarray(0, -1)),
      expected: 'CertificateList within its enclosing element',
    },
  ])('refused: $name', async ({ bend, expected }) => {
    const parsed = parseCrl(bend(await createCrl(ca)))
    expect(parsed.ok ? 'ok' : parsed.error.expected).toBe(expected)
  })
})

const ones = (count: number) => Array.from({ length: count }, () => 1)
const numbered = (...content: readonly number[]): Extensions => ({
  number: extension('2.5.29.20', integer(...content)),
})

describe('CRL number (RFC 5280 5.2.3)', () => {
  test.each([
    { name: 'zero', content: [0], number: 0n },
    { name: 'a sign octet', content: [0, 0x80], number: 128n },
    { name: 'past 2^53', content: [0x20, 0, 0, 0, 0, 0, 1], number: 9_007_199_254_740_993n },
    {
      name: 'twenty octets',
      content: [0x7f, ...Array.from({ length: 19 }, () => 0xff)],
      number: 2n ** 159n - 1n,
    },
  ])('$name: $number', async ({ content, number }) => {
    expect(crlOf(await createCrl(ca, { extensions: numbered(...content) })).number).toBe(number)
  })

  test.each([
    { name: '21 octets', content: ones(21), says: 'cRLNumber of at most 20 octets, not negative' },
    { name: 'below zero', content: [0xff], says: 'cRLNumber of at most 20 octets, not negative' },
    { name: 'a zero too many', content: [0, 1], says: 'cRLNumber in its shortest form' },
  ])('refused: $name', async ({ content, says }) => {
    expect(await said({ extensions: numbered(...content) })).toBe(says)
  })

  test('none is a fact', async () => {
    expect(crlOf(await createCrl(ca, { number: undefined })).number).toBeUndefined()
  })
})

describe('extensions that change what the list answers for (RFC 5280 5.2)', () => {
  const odd = '1.3.6.1.4.1.55738.1'

  test.each([
    { name: 'unknown and optional', type: odd, weight: undefined, collected: [] },
    { name: 'unknown and critical', type: odd, weight: 'critical', collected: [odd] },
    { name: 'authority key identifier', type: '2.5.29.35', weight: undefined, collected: [] },
  ] as const)('$name, $weight', async ({ type, weight, collected }) => {
    const odder = extension(type, sequence(), weight)
    expect(crlOf(await createCrl(ca, { extensions: { odder } })).criticalUnknown).toEqual(collected)
  })

  test('a repeated one', async () => {
    const twice = extension('2.5.29.20', integer(8))
    expect(await said({ extensions: { twice } })).toBe('extension 2.5.29.20 only once')
  })
})

describe('entries (RFC 5280 5.1.2.6 and 5.3)', () => {
  const when = time(revokedAt)

  test.each([
    { name: 'no serial', entries: [sequence(when)], says: 'userCertificate' },
    {
      name: 'a serial with a zero too many',
      entries: [entry([0, 1])],
      says: 'userCertificate in its shortest form',
    },
    { name: 'no date', entries: [sequence(integer(1))], says: 'revocationDate' },
    {
      name: 'a date that is none',
      entries: [sequence(integer(1), utcTime('261315120000Z'))],
      says: 'revocationDate that is on the calendar',
    },
    {
      name: 'a second date',
      entries: [sequence(integer(1), when, when)],
      says: 'crlEntryExtensions',
    },
    {
      name: 'something behind the extensions',
      entries: [sequence(integer(1), when, sequence(), nul)],
      says: 'the end of the element',
    },
    { name: 'no entry', entries: [integer(1)], says: 'revoked certificate' },
    {
      name: 'a fault in the last one',
      entries: [entry([1]), entry([])],
      says: 'userCertificate with content',
    },
  ])('refused: $name', async ({ entries, says }) => {
    expect(await said({ entries })).toBe(says)
  })

  const invalidity = extension('2.5.29.24', generalizedTime('20260101000000Z'))
  const certificateIssuer = extension('2.5.29.29', sequence(), 'critical')

  test.each([
    { name: 'invalidity date', extensions: [invalidity], says: 'ok' },
    {
      name: 'invalidity date, critical',
      extensions: [extension('2.5.29.24', generalizedTime('20260101000000Z'), 'critical')],
      says: 'ok',
    },
    { name: 'unknown and optional', extensions: [extension('1.2.3', nul)], says: 'ok' },
    {
      name: 'unknown and critical',
      extensions: [extension('1.2.3', nul, 'critical')],
      says: 'no critical entry extension 1.2.3',
    },
    {
      name: 'certificate issuer, of an indirect CRL',
      extensions: [certificateIssuer],
      says: 'at least one GeneralName',
    },
    {
      name: 'one that comes twice',
      extensions: [reason(1), reason(2)],
      says: 'extension 2.5.29.21 only once',
    },
  ])('entry extensions: $name: $says', async ({ extensions, says }) => {
    expect(await said({ entries: [entry([1], ...extensions)] })).toBe(says)
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 8, 9, 10])('reason code %i (5.3.1)', async (code) => {
    const crl = crlOf(await createCrl(ca, { entries: [entry([1], reason(code))] }))
    expect(crl.index.find(octets(1))).toMatchObject({ reason: code })
  })

  const codes = 'reasonCode 0 to 6 or 8 to 10'
  test.each([
    { name: '7, which is not used', value: enumerated(7), says: codes },
    { name: '11', value: enumerated(11), says: codes },
    { name: 'below zero', value: enumerated(0xff), says: codes },
    { name: 'two octets', value: enumerated(1, 1), says: codes },
    { name: 'an INTEGER', value: integer(1), says: 'reasonCode' },
    { name: 'nothing', value: nothing, says: 'reasonCode' },
    {
      name: 'two of them',
      value: octets(...enumerated(1), ...enumerated(1)),
      says: 'the end of the element',
    },
  ])('no reason code: $name', async ({ value, says }) => {
    expect(await said({ entries: [entry([1], extension('2.5.29.21', value))] })).toBe(says)
  })

  test('an extension value that is no OCTET STRING', async () => {
    const bent = sequence(octets(0x06, 0x01, 0x2a), element(0x0c, octets(1)), octetString(nul))
    expect(await said({ entries: [entry([1], bent)] })).toBe('extnValue')
  })
})
