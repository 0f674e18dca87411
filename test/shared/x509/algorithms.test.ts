import { describe, expect, test } from 'vitest'
import { algorithmText } from '#shared/x509/algorithm-text.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { bitString, element, integer, nul, octets, oid, sequence } from '../der/writer.ts'
import { newKeys } from '../keys.ts'

const rsaWithSha256 = '1.2.840.113549.1.1.11'

describe('signature algorithms', () => {
  test.each([
    { name: 'ecdsa-with-SHA256', identifier: sequence(oid('1.2.840.10045.4.3.2')) },
    { name: 'ecdsa-with-SHA384', identifier: sequence(oid('1.2.840.10045.4.3.3')) },
    { name: 'ecdsa-with-SHA512', identifier: sequence(oid('1.2.840.10045.4.3.4')) },
    { name: 'sha256WithRSAEncryption', identifier: sequence(oid(rsaWithSha256), nul) },
    { name: 'sha256WithRSAEncryption', identifier: sequence(oid(rsaWithSha256)) },
    { name: 'sha384WithRSAEncryption', identifier: sequence(oid('1.2.840.113549.1.1.12'), nul) },
    { name: 'sha384WithRSAEncryption', identifier: sequence(oid('1.2.840.113549.1.1.12')) },
    { name: 'sha512WithRSAEncryption', identifier: sequence(oid('1.2.840.113549.1.1.13'), nul) },
    { name: 'sha512WithRSAEncryption', identifier: sequence(oid('1.2.840.113549.1.1.13')) },
    { name: 'Ed25519', identifier: sequence(oid('1.3.101.112')) },
  ])('verified: $name', ({ name, identifier }) => {
    expect(signatureAlgorithmOf(identifier)).toBeDefined()
    expect(algorithmText(identifier)).toBe(name)
  })

  test.each([
    {
      name: 'ECDSA with parameters (RFC 5758 3.2)',
      identifier: sequence(oid('1.2.840.10045.4.3.2'), nul),
    },
    {
      name: 'RSA with parameters other than NULL',
      identifier: sequence(oid(rsaWithSha256), sequence()),
    },
    { name: 'Ed25519 with parameters (RFC 8410 3)', identifier: sequence(oid('1.3.101.112'), nul) },
    { name: 'MD5 with RSA', identifier: sequence(oid('1.2.840.113549.1.1.4'), nul) },
  ])('not verified: $name', ({ identifier }) => {
    expect(signatureAlgorithmOf(identifier)).toBeUndefined()
    expect(algorithmText(identifier)).toMatch(/^AlgorithmIdentifier 30/)
  })

  test.each([
    { name: 'sha1WithRSAEncryption', identifier: sequence(oid('1.2.840.113549.1.1.5'), nul) },
    { name: 'ecdsa-with-SHA1', identifier: sequence(oid('1.2.840.10045.4.1')) },
  ])('$name is known by name, and verified only where a test asks', ({ name, identifier }) => {
    expect(signatureAlgorithmOf(identifier)).toBeUndefined()
    expect(signatureAlgorithmOf(identifier, 'accept')).toMatchObject({ hash: 'SHA-1' })
    expect(algorithmText(identifier)).toBe(name)
  })

  test('what is said of an unknown one is bounded, however long it is', () => {
    expect(algorithmText(sequence(new Uint8Array(1000))).length).toBe(20 + 2 * 32)
  })
})

/** A SubjectPublicKeyInfo of an RSA modulus that has so many bits. */
function rsaKey(bits: number): ReturnType<typeof sequence> {
  const whole = Math.ceil(bits / 8)
  const modulus = new Uint8Array(whole).fill(0xff)
  modulus[0] = 0xff >> (whole * 8 - bits)
  const sign = (modulus[0] ?? 0) >= 0x80 ? [0x00] : []
  const key = sequence(element(0x02, octets(...sign), modulus), integer(1, 0, 1))
  return sequence(sequence(oid('1.2.840.113549.1.1.1'), nul), bitString(key))
}

const point = (form: number, length: number) =>
  bitString(octets(form, ...Array.from({ length }, () => 1)))

describe('public keys', () => {
  test.each([
    { kind: 'P-256', scalarOctets: 32 },
    { kind: 'P-384', scalarOctets: 48 },
    { kind: 'P-521', scalarOctets: 66 },
    { kind: 'RSA', scalarOctets: 0 },
    { kind: 'Ed25519', scalarOctets: 0 },
  ] as const)('$kind', async ({ kind, scalarOctets }) => {
    const { spki } = await newKeys(kind)
    expect(publicKeyKindOf(spki)).toMatchObject({ name: kind, scalarOctets })
  })

  test.each([
    { bits: 2047, name: undefined },
    { bits: 2048, name: 'RSA' },
    { bits: 2049, name: 'RSA' },
    { bits: 8192, name: 'RSA' },
    { bits: 8193, name: undefined },
    { bits: 1024, name: undefined },
  ])('RSA of $bits bits: $name', ({ bits, name }) => {
    expect(publicKeyKindOf(rsaKey(bits))?.name).toBe(name)
  })

  test.each([
    { bits: 1023, name: undefined },
    { bits: 1024, name: 'RSA' },
  ])('RSA of $bits bits where 1024 are enough: $name', ({ bits, name }) => {
    expect(publicKeyKindOf(rsaKey(bits), 1024)?.name).toBe(name)
  })

  const p256 = sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'))
  const ed25519 = sequence(oid('1.3.101.112'))
  test.each([
    { name: 'an uncompressed point', spki: sequence(p256, point(0x04, 64)), kind: 'P-256' },
    { name: 'one octet too few', spki: sequence(p256, point(0x04, 63)), kind: undefined },
    { name: 'one octet too many', spki: sequence(p256, point(0x04, 65)), kind: undefined },
    { name: 'a compressed point', spki: sequence(p256, point(0x02, 32)), kind: undefined },
    { name: 'a hybrid point', spki: sequence(p256, point(0x06, 64)), kind: undefined },
    { name: 'an element behind it', spki: sequence(p256, point(0x04, 64), nul), kind: undefined },
    {
      name: 'another point behind',
      spki: sequence(p256, point(4, 64), bitString(octets(4))),
      kind: undefined,
    },
    { name: 'an Ed25519 key', spki: sequence(ed25519, point(0x01, 31)), kind: 'Ed25519' },
    { name: 'one of 31 octets', spki: sequence(ed25519, point(0x01, 30)), kind: undefined },
    { name: 'one of 33 octets', spki: sequence(ed25519, point(0x01, 32)), kind: undefined },
  ])('RFC 5480 2.2 and RFC 8032 5.1.5: $name: $kind', ({ spki, kind }) => {
    expect(publicKeyKindOf(spki)?.name).toBe(kind)
  })

  test.each(['P-256', 'P-384', 'P-521', 'Ed25519'] as const)(
    '%s: whatever else stands before the key makes it none',
    async (kind) => {
      const { spki } = await newKeys(kind)
      const keyOctets = { 'P-256': 64, 'P-384': 96, 'P-521': 132, Ed25519: 32 }[kind]
      for (let place = 0; place < spki.length - keyOctets; place += 1) {
        const bent = spki.slice()
        bent[place] = (bent[place] ?? 0) ^ 1
        expect(publicKeyKindOf(bent)).toBeUndefined()
      }
    },
  )

  const bits = bitString(octets(1))
  test.each([
    { name: 'no key', spki: octets() },
    {
      name: 'a curve that WebCrypto lacks',
      spki: sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.3.132.0.10')), bits),
    },
    {
      name: 'a curve written out',
      spki: sequence(sequence(oid('1.2.840.10045.2.1'), sequence()), bits),
    },
    {
      name: 'RSA without a modulus',
      spki: sequence(sequence(oid('1.2.840.113549.1.1.1'), nul), bitString(sequence())),
    },
    {
      name: 'RSA with the modulus zero',
      spki: sequence(
        sequence(oid('1.2.840.113549.1.1.1'), nul),
        bitString(sequence(integer(0), integer(3))),
      ),
    },
    { name: 'RSA-PSS', spki: sequence(sequence(oid('1.2.840.113549.1.1.10')), bits) },
    { name: 'octets behind', spki: octets(...rsaKey(2048), 0) },
  ])('unknown: $name', ({ spki }) => {
    expect(publicKeyKindOf(spki)).toBeUndefined()
  })
})
