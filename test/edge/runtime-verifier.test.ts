import crypto from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createRuntimeVerifier } from '#edge/runtime-verifier.ts'
import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { SignatureVerifier } from '#shared/x509/signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { bitString, element, integer, nul, octets, oid, sequence } from '../shared/der/writer.ts'
import { keyNames, newKeys, pssIdentifier, sameKeys, type Keys } from '../shared/keys.ts'

const signed = toUtf8('what was signed')
const filled = (count: number, octet: number): Bytes => new Uint8Array(count).fill(octet)

const isWorkerd = navigator.userAgent === 'Cloudflare-Workers'

/** Those of this runtime: OpenSSL is behind both in Node, BoringSSL behind both in workerd. */
const verifiers: readonly (readonly [string, SignatureVerifier])[] = [
  ['WebCrypto', createWebCryptoVerifier()],
  isWorkerd
    ? ['node:crypto of Workers', createRuntimeVerifier()]
    : ['node:crypto', createNodeVerifier(crypto)],
]

function inputOf(keys: Keys, signature: Bytes, spki = keys.spki) {
  const algorithm = signatureAlgorithmOf(keys.algorithm)
  // A key that is refused before it comes to a verifier is put to one all the same.
  const kind = publicKeyKindOf(spki) ?? publicKeyKindOf(keys.spki)
  if (algorithm === undefined || kind === undefined) throw new Error('a key of no kind we know')
  return { algorithm, kind, spki, signature, signed }
}

/** The same key under another identifier: behind 4 octets of header stand 15 of the plain one. */
const renamed = (spki: Bytes, identifier: Bytes): Bytes =>
  sequence(identifier, spki.subarray(4 + 15))

describe.each(verifiers)('%s', (_, verifier) => {
  const verifies = async (keys: Keys, signature: Bytes, spki?: Bytes): Promise<boolean> =>
    verifier.verify(inputOf(keys, signature, spki))

  describe.each(keyNames)('%s', (keyName) => {
    test('its own signature, at the first asking and when the key is known', async () => {
      const keys = await sameKeys(keyName)
      const signature = await keys.sign(signed)
      expect(await verifies(keys, signature)).toBe(true)
      expect(await verifies(keys, signature)).toBe(true)
    })

    test('not the signature of another key', async () => {
      const signature = await (await newKeys(keyName)).sign(signed)
      expect(await verifies(await sameKeys(keyName), signature)).toBe(false)
    })

    test.each([
      { name: 'an empty one', bend: () => octets() },
      { name: 'an octet less', bend: (signature: Bytes) => signature.subarray(0, -1) },
      { name: 'an octet more', bend: (signature: Bytes) => concatBytes(signature, octets(0)) },
      { name: 'a zero in front', bend: (signature: Bytes) => concatBytes(octets(0), signature) },
      {
        name: 'a bit turned',
        bend: (signature: Bytes) =>
          signature.map((octet, at) => (at === signature.length - 1 ? octet ^ 1 : octet)),
      },
      { name: 'zeros', bend: ({ length }: Bytes) => filled(length, 0) },
      { name: 'all ones', bend: ({ length }: Bytes) => filled(length, 0xff) },
      { name: 'a kilobyte', bend: () => filled(1024, 0x41) },
      { name: 'the beginning of a SEQUENCE', bend: () => octets(0x30) },
      { name: 'r and s of zero', bend: () => sequence(integer(0), integer(0)) },
      { name: 'r and s of one', bend: () => sequence(integer(1), integer(1)) },
      { name: 'a third number', bend: () => sequence(integer(1), integer(1), integer(1)) },
      { name: 'a negative r', bend: () => sequence(integer(0x80), integer(1)) },
      { name: 'a BER length', bend: () => octets(0x30, 0x81, 6, 2, 1, 1, 2, 1, 1) },
    ])('not a wrong one: $name', async ({ bend }) => {
      const keys = await sameKeys(keyName)
      const signature = await keys.sign(signed)
      expect(await verifies(keys, Uint8Array.from(bend(signature)))).toBe(false)
    })

    test('nothing with a key of which an octet was changed', async () => {
      const keys = await sameKeys(keyName)
      const signature = await keys.sign(signed)
      const step = Math.max(1, Math.floor(keys.spki.length / 40))
      for (let at = 0; at < keys.spki.length; at += step) {
        const bent = keys.spki.slice()
        bent[at] = (bent[at] ?? 0) ^ 1
        // Another identifier makes it no key that anybody is asked about.
        const isKey = publicKeyKindOf(bent) !== undefined
        expect(isKey && (await verifies(keys, signature, bent)), `octet ${at}`).toBe(false)
      }
    })
  })

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
      {
        name: 'the point at infinity',
        keyName: 'P-256',
        spki: sequence(p256, bitString(octets(0))),
      },
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
      {
        name: 'a negative exponent',
        keyName: 'RSA',
        spki: rsaKey(filled(256, 0xff), integer(0xff)),
      },
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
})

test('what nobody passed in answers at once in workerd, and by a promise elsewhere', async () => {
  const keys = await sameKeys('P-256')
  const answer = createRuntimeVerifier().verify(inputOf(keys, await keys.sign(signed)))
  expect(answer instanceof Promise).toBe(!isWorkerd)
  expect(await answer).toBe(true)
})

function createPublicKey(): never {
  throw new TypeError('broken')
}

test('a fault that is none of the library’s is not taken for an answer', async () => {
  const broken = createNodeVerifier({ ...crypto, createPublicKey })
  const keys = await sameKeys('P-256')
  const input = inputOf(keys, await keys.sign(signed))
  expect(() => broken.verify(input)).toThrow('broken')
})
