import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { plainRsaSpki, pssHashOf } from '#shared/x509/rsa-pss.ts'
import { bitString, explicit, integer, nothing, nul, octets, oid, sequence } from '../der/writer.ts'
import { pssIdentifier, sameKeys } from '../keys.ts'

const idPss = oid('1.2.840.113549.1.1.10')
const hashOid = (arc: number): Bytes => oid(`2.16.840.1.101.3.4.2.${arc}`)
const sha256 = sequence(hashOid(1), nul)
const sha256Bare = sequence(hashOid(1))
const sha1 = sequence(oid('1.3.14.3.2.26'), nul)

interface Parts {
  readonly hash?: Bytes
  readonly mgf?: Bytes
  readonly salt?: Bytes
  readonly trailer?: Bytes
}

const mgf1 = (hash: Bytes): Bytes => sequence(oid('1.2.840.113549.1.1.8'), hash)

/** An identifier of SHA-256 but for what is changed; `nothing` leaves a field out. */
function identifier({ hash, mgf, salt, trailer }: Parts): Bytes {
  return sequence(
    idPss,
    sequence(
      hash ?? explicit(0, sha256),
      mgf ?? explicit(1, mgf1(sha256)),
      salt ?? explicit(2, integer(32)),
      trailer ?? nothing,
    ),
  )
}

describe('RSASSA-PSS parameters (RFC 4055 3.1)', () => {
  test.each([
    { name: 'SHA-256', identifier: pssIdentifier(1, 32), hash: 'SHA-256' },
    { name: 'SHA-384', identifier: pssIdentifier(2, 48), hash: 'SHA-384' },
    { name: 'SHA-512', identifier: pssIdentifier(3, 64), hash: 'SHA-512' },
    {
      name: 'hash parameters left out (2.1)',
      identifier: identifier({ hash: explicit(0, sha256Bare), mgf: explicit(1, mgf1(sha256Bare)) }),
      hash: 'SHA-256',
    },
    {
      name: 'hash parameters left out in one place',
      identifier: identifier({ mgf: explicit(1, mgf1(sha256Bare)) }),
      hash: 'SHA-256',
    },
    {
      name: 'the trailer field written out',
      identifier: identifier({ trailer: explicit(3, integer(1)) }),
      hash: 'SHA-256',
    },
  ])('taken: $name', (row) => {
    expect(pssHashOf(row.identifier)).toBe(row.hash)
    expect(signatureAlgorithmOf(row.identifier)).toEqual({
      family: 'rsa',
      hash: row.hash,
      padding: 'PSS',
    })
  })

  test.each([
    { name: 'the defaults, SHA-1 all over', identifier: sequence(idPss, sequence()) },
    { name: 'SHA-1 by name', identifier: identifier({ hash: explicit(0, sha1) }) },
    { name: 'SHA-224', identifier: pssIdentifier(4, 28) },
    { name: 'another hash in MGF1', identifier: identifier({ mgf: explicit(1, mgf1(sha1)) }) },
    {
      name: 'another hash of ours in MGF1',
      identifier: identifier({ mgf: explicit(1, mgf1(sequence(hashOid(2), nul))) }),
    },
    { name: 'MGF1 left out', identifier: identifier({ mgf: nothing }) },
    {
      name: 'another mask function',
      identifier: identifier({ mgf: explicit(1, sequence(idPss, sha256)) }),
    },
    { name: 'the salt left out', identifier: identifier({ salt: nothing }) },
    { name: 'a salt one too short', identifier: pssIdentifier(1, 31) },
    { name: 'a salt one too long', identifier: pssIdentifier(1, 33) },
    { name: 'a salt below zero', identifier: identifier({ salt: explicit(2, integer(0xe0)) }) },
    { name: 'trailer 0', identifier: identifier({ trailer: explicit(3, integer(0)) }) },
    { name: 'trailer 2', identifier: identifier({ trailer: explicit(3, integer(2)) }) },
    { name: 'a field behind', identifier: identifier({ trailer: explicit(4, integer(1)) }) },
    { name: 'NULL for parameters', identifier: sequence(idPss, nul) },
    { name: 'octets behind', identifier: octets(...pssIdentifier(1, 32), 0) },
    { name: 'another algorithm', identifier: sequence(oid('1.2.840.113549.1.1.7')) },
  ])('not taken: $name', (row) => {
    expect(pssHashOf(row.identifier)).toBeUndefined()
    expect(signatureAlgorithmOf(row.identifier)).toBeUndefined()
  })

  test('no parameters: a key that binds itself to no hash, and no signature', () => {
    expect(pssHashOf(sequence(idPss))).toBe('any')
    expect(signatureAlgorithmOf(sequence(idPss))).toBeUndefined()
  })
})

test('an RSASSA-PSS key is known as one, and goes to WebCrypto as rsaEncryption', async () => {
  const { spki } = await sameKeys('RSA')
  const renamed = sequence(pssIdentifier(1, 32), spki.subarray(4 + 15))
  expect(publicKeyKindOf(renamed)).toMatchObject({ name: 'RSASSA-PSS', pssOnly: 'SHA-256' })
  expect(plainRsaSpki(renamed)).toEqual(spki)
})

test.each([
  { name: 'too short a key', spki: sequence(sequence(idPss), bitString(octets(1))) },
  {
    name: 'too long a key',
    spki: sequence(sequence(idPss), bitString(new Uint8Array(0x1_0000))),
  },
  { name: 'no key', spki: octets(0x30, 0) },
])('nothing goes to WebCrypto: $name', ({ spki }) => {
  expect(plainRsaSpki(spki)).toBeUndefined()
})
