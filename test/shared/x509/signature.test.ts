import { describe, expect, test } from 'vitest'
import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { isEcdsaSignature, rawEcdsaSignature } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bitString, element, integer, nul, octets, oid, sequence } from '../der/writer.ts'
import { keyNames, newKeys, pssIdentifier, sameKeys, type Keys } from '../keys.ts'

const filled = (count: number, octet: number): Bytes => new Uint8Array(count).fill(octet)

describe('raw ECDSA signatures (RFC 3279 2.2.3)', () => {
  test.each([
    {
      name: 'short scalars are padded on the left',
      der: sequence(integer(1), integer(2)),
      raw: octets(0, 1, 0, 2),
    },
    {
      name: 'a sign octet is dropped',
      der: sequence(integer(0, 0x80, 1), integer(0x7f, 0xff)),
      raw: octets(0x80, 1, 0x7f, 0xff),
    },
    {
      name: 'zero is nothing but padding',
      der: sequence(integer(0), integer(1)),
      raw: octets(0, 0, 0, 1),
    },
  ])('$name', ({ der, raw }) => {
    expect(rawEcdsaSignature(der, 2)).toEqual(raw)
    expect(isEcdsaSignature(der, 2)).toBe(true)
  })

  test.each([
    { name: 'a scalar too long', der: sequence(integer(1, 0, 0), integer(1)) },
    {
      name: 'a scalar too long behind its sign octet',
      der: sequence(integer(1), integer(0, 0x80, 0, 0)),
    },
    { name: 'a negative scalar', der: sequence(integer(0xff), integer(1)) },
    { name: 'a zero too many', der: sequence(integer(0, 1), integer(1)) },
    { name: 'one scalar', der: sequence(integer(1)) },
    { name: 'three scalars', der: sequence(integer(1), integer(1), integer(1)) },
    { name: 'octets behind', der: octets(...sequence(integer(1), integer(1)), 0) },
    { name: 'the raw form', der: octets(0, 1, 0, 2) },
    { name: 'nothing', der: octets() },
  ])('refused: $name', ({ der }) => {
    expect(rawEcdsaSignature(der, 2)).toBeUndefined()
    expect(isEcdsaSignature(der, 2)).toBe(false)
  })
})

const verifier = createWebCryptoVerifier()
const signed = toUtf8('what was signed')

async function verifies(keys: Keys, signature: Bytes, spki = keys.spki): Promise<boolean> {
  const algorithm = signatureAlgorithmOf(keys.algorithm)
  // A key that is refused before it comes to a verifier is put to one all the same.
  const kind = publicKeyKindOf(spki) ?? publicKeyKindOf(keys.spki)
  if (algorithm === undefined || kind === undefined) throw new Error('a key of no kind we know')
  return verifier.verify({ algorithm, kind, spki, signature, signed })
}

describe.each(keyNames)('WebCrypto: %s', (keyName) => {
  test('its own signature, at the first asking and when the key is known', async () => {
    const keys = await sameKeys(keyName)
    const signature = await keys.sign(signed)
    expect(await verifies(keys, signature)).toBe(true)
    expect(await verifies(keys, signature)).toBe(true)
  })

  test('not the signature of another key, and none that is none', async () => {
    const keys = await sameKeys(keyName)
    const signature = await (await newKeys(keyName)).sign(signed)
    const bad = [
      signature,
      octets(),
      octets(0x30),
      signature.subarray(0, -1),
      concatBytes(signature, octets(0)),
      filled(64, 0xff),
      filled(256, 0x00),
      filled(1024, 0x41),
    ]
    for (const each of bad) expect(await verifies(keys, each)).toBe(false)
  })
})

/** The same key under another identifier: behind 4 octets of header stand 15 of the plain one. */
const renamed = (spki: Bytes, identifier: Bytes): Bytes =>
  sequence(identifier, spki.subarray(4 + 15))

describe('RSASSA-PSS keys (RFC 4055 1.2)', () => {
  const keyName = 'RSA-PSS with SHA-256'

  test.each([
    { name: 'no parameters', identifier: sequence(oid('1.2.840.113549.1.1.10')), verified: true },
    { name: 'the same hash', identifier: pssIdentifier(1, 32), verified: true },
    { name: 'another hash', identifier: pssIdentifier(2, 48), verified: false },
  ])('a key of $name: $verified', async ({ identifier, verified }) => {
    const keys = await sameKeys(keyName)
    const spki = renamed(keys.spki, identifier)
    expect(await verifies(keys, await keys.sign(signed), spki)).toBe(verified)
  })

  test('such a key verifies nothing of the older padding', async () => {
    const keys = await sameKeys('RSA')
    const spki = renamed(keys.spki, sequence(oid('1.2.840.113549.1.1.10')))
    expect(await verifies(keys, await keys.sign(signed), spki)).toBe(false)
  })

  test('one padding is not taken for the other', async () => {
    const [pss, older] = [await sameKeys(keyName), await sameKeys('RSA')]
    const signature = await pss.sign(signed)
    expect(await verifies({ ...older, spki: pss.spki }, signature)).toBe(false)
  })
})

describe('what verifies nothing, and throws nothing', () => {
  test('a signature of one family with a key of another', async () => {
    const [ec, rsa] = [await sameKeys('P-256'), await sameKeys('RSA')]
    const signature = await ec.sign(signed)
    expect(await verifies(ec, signature, rsa.spki)).toBe(false)
  })

  const p256 = sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'))
  const rsa = sequence(oid('1.2.840.113549.1.1.1'), nul)
  const rsaKey = (modulus: Bytes, exponent: Bytes) =>
    sequence(rsa, bitString(sequence(element(0x02, octets(0), modulus), exponent)))
  const even = filled(256, 0xfe)

  test.each([
    {
      name: 'a point off the curve',
      keyName: 'P-256',
      spki: sequence(p256, bitString(octets(4, ...filled(64, 1)))),
    },
    { name: 'no point', keyName: 'P-256', spki: sequence(p256, bitString(octets())) },
    { name: 'the point at infinity', keyName: 'P-256', spki: sequence(p256, bitString(octets(0))) },
    {
      name: 'half a point',
      keyName: 'P-256',
      spki: sequence(p256, bitString(octets(4, ...filled(32, 1)))),
    },
    { name: 'an even modulus', keyName: 'RSA', spki: rsaKey(even, integer(1, 0, 1)) },
    { name: 'an even exponent', keyName: 'RSA', spki: rsaKey(filled(256, 0xff), integer(2)) },
    { name: 'the exponent zero', keyName: 'RSA', spki: rsaKey(filled(256, 0xff), integer(0)) },
    { name: 'the exponent one', keyName: 'RSA', spki: rsaKey(filled(256, 0xff), integer(1)) },
    {
      name: 'an exponent as long as the modulus',
      keyName: 'RSA',
      spki: rsaKey(filled(256, 0xff), element(0x02, filled(256, 0x7f))),
    },
    { name: 'a negative exponent', keyName: 'RSA', spki: rsaKey(filled(256, 0xff), integer(0xff)) },
    {
      name: 'an Edwards key too short',
      keyName: 'Ed25519',
      spki: sequence(sequence(oid('1.3.101.112')), bitString(filled(31, 1))),
    },
    {
      name: 'an Edwards key of no point',
      keyName: 'Ed25519',
      spki: sequence(sequence(oid('1.3.101.112')), bitString(filled(32, 0xff))),
    },
  ] as const)('$name', async ({ keyName, spki }) => {
    const keys = await sameKeys(keyName)
    expect(await verifies(keys, await keys.sign(signed), spki)).toBe(false)
  })
})
