import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { noExtensions } from '#shared/x509/extensions.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import {
  bitString,
  context,
  element,
  explicit,
  integer,
  nothing,
  octets,
  oid,
  sequence,
  set,
  utf8String,
} from '../der/writer.ts'
import { keyNames, sameKeys, type Keys } from '../keys.ts'
import { altNames, clientAuth, keyUsage, name, purposes } from '../pki.ts'

const keys = await sameKeys('P-256')
const dns = altNames(context(2, octets(0x61)))
const attribute = (type: string, ...values: readonly Bytes[]) => sequence(oid(type), set(...values))
const wish = (...extensions: readonly Bytes[]) =>
  attribute('1.2.840.113549.1.9.14', sequence(...extensions))
const microsofts = attribute('1.3.6.1.4.1.311.2.1.14', sequence(dns))
const challenge = attribute('1.2.840.113549.1.9.7', utf8String('secret'))

interface Parts {
  readonly version?: Bytes
  readonly subject?: Bytes
  readonly spki?: Bytes
  readonly attributes?: Bytes
  readonly more?: Bytes
  readonly signature?: Bytes
  readonly behind?: Bytes
}

/** A request of a P-256 key, signed, each part of which can be bent. */
async function request(parts: Parts = {}, signer: Keys = keys): Promise<Bytes> {
  const info = sequence(
    parts.version ?? integer(0),
    parts.subject ?? name('car-0001'),
    parts.spki ?? signer.spki,
    parts.attributes ?? explicit(0, wish(dns, keyUsage('digitalSignature'), purposes(clientAuth))),
    parts.more ?? nothing,
  )
  const signature = parts.signature ?? bitString(await signer.sign(info))
  return sequence(info, signer.algorithm, signature, parts.behind ?? nothing)
}

describe('what a request says', () => {
  test('subject, key and the extensions it asks for', async () => {
    const der = await request()
    const parsed = parseCertificationRequest(der)
    if (!parsed.ok) throw new Error(parsed.error.expected)
    const { subject, spki, extensions, attributes } = parsed.value
    expect({ der: parsed.value.der, subject, spki }).toEqual({
      der,
      subject: name('car-0001'),
      spki: keys.spki,
    })
    expect(extensions.subjectAltNames?.dns).toEqual(['a'])
    expect(extensions.extendedKeyUsage).toEqual([clientAuth])
    expect(attributes.map(({ type }) => type)).toEqual(['1.2.840.113549.1.9.14'])
  })

  test('attributes of other types, as they stand', async () => {
    const parsed = parseCertificationRequest(
      await request({ attributes: explicit(0, challenge, wish(dns)) }),
    )
    expect(parsed.ok && parsed.value.attributes[0]).toEqual({
      type: '1.2.840.113549.1.9.7',
      values: set(utf8String('secret')),
    })
    expect(parsed.ok && parsed.value.extensions.subjectAltNames?.dns).toEqual(['a'])
  })

  test('the extensions of Microsoft’s attribute, which OpenSSL reads as well', async () => {
    const parsed = parseCertificationRequest(await request({ attributes: explicit(0, microsofts) }))
    expect(parsed.ok && parsed.value.extensions.subjectAltNames?.dns).toEqual(['a'])
  })

  test('no attributes, and a subject of no name', async () => {
    const parsed = parseCertificationRequest(
      await request({ subject: sequence(), attributes: explicit(0) }),
    )
    expect(parsed.ok && parsed.value.extensions).toEqual(noExtensions)
    expect(parsed.ok && parsed.value.attributes).toEqual([])
  })

  test.each(keyNames)('a key of %s proves that it is held', async (keyName) => {
    const parsed = parseCertificationRequest(await request({}, await sameKeys(keyName)))
    if (!parsed.ok) throw new Error(parsed.error.expected)
    const { spki, signature, tbs: signed, signatureAlgorithm } = parsed.value
    const kind = publicKeyKindOf(spki)
    const algorithm = signatureAlgorithmOf(signatureAlgorithm)
    if (kind === undefined || algorithm === undefined) throw new Error('not read')
    const verifier = createWebCryptoVerifier()
    expect(await verifier.verify({ algorithm, kind, spki, signature, signed })).toBe(true)
  })
})

const many = (count: number) =>
  explicit(
    0,
    ...Array.from({ length: count }, (_, each) => attribute(`1.3.6.1.${each}`, integer(1))),
  )

test.each([
  { name: 'twenty attributes', parts: { attributes: many(20) }, expected: undefined },
  {
    name: 'one attribute more',
    parts: { attributes: many(21) },
    expected: 'at most 20 attributes',
  },
  { name: 'version 1', parts: { version: integer(1) }, expected: 'version 0' },
  { name: 'no version', parts: { version: nothing }, expected: 'version' },
  { name: 'a subject that is a SET', parts: { subject: set() }, expected: 'subject' },
  { name: 'no key', parts: { spki: nothing }, expected: 'subjectPKInfo' },
  { name: 'no attributes at all', parts: { attributes: nothing }, expected: 'attributes' },
  {
    name: 'an attribute twice',
    parts: { attributes: explicit(0, challenge, challenge) },
    expected: '1.2.840.113549.1.9.7 only once',
  },
  {
    name: 'extensions of PKCS #9 and of Microsoft',
    parts: { attributes: explicit(0, wish(dns), microsofts) },
    expected: 'one request for extensions',
  },
  {
    name: 'an attribute without a value',
    parts: { attributes: explicit(0, attribute('1.3.6.1.1')) },
    expected: 'at least one value',
  },
  {
    name: 'extensionRequest of two values',
    parts: {
      attributes: explicit(0, attribute('1.2.840.113549.1.9.14', sequence(dns), sequence(dns))),
    },
    expected: 'the end of the element',
  },
  {
    name: 'extensionRequest that asks for nothing',
    parts: { attributes: explicit(0, wish()) },
    expected: 'at least one extension',
  },
  {
    name: 'an extension twice',
    parts: { attributes: explicit(0, wish(dns, dns)) },
    expected: 'extension 2.5.29.17 only once',
  },
  {
    name: 'something behind the attributes',
    parts: { more: integer(1) },
    expected: 'the end of the element',
  },
  {
    name: 'a signature of half an octet',
    parts: { signature: bitString(octets(0xf0), 4) },
    expected: 'signature of whole octets',
  },
  { name: 'no signature', parts: { signature: nothing }, expected: 'signature' },
  {
    name: 'something behind the signature',
    parts: { behind: integer(1) },
    expected: 'the end of the element',
  },
  {
    name: 'values in a SEQUENCE',
    parts: { attributes: explicit(0, sequence(oid('1.3.6.1.1'), sequence(integer(1)))) },
    expected: 'values',
  },
  {
    name: 'attributes in a universal SET',
    parts: { attributes: element(0x31, wish(dns)) },
    expected: 'attributes',
  },
] as const)('RFC 2986 section 4: $name: $expected', async ({ parts, expected }) => {
  const parsed = parseCertificationRequest(await request(parts))
  expect(parsed.ok ? undefined : parsed.error.expected).toBe(expected)
})

test('octets behind the request', async () => {
  const parsed = parseCertificationRequest(octets(...(await request()), 0))
  expect(parsed.ok).toBe(false)
})
