import crypto, { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { publicKeyKindOf, signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'

const web = createWebCryptoVerifier()
const node = createNodeVerifier(crypto)
const signed = octetsOf('010203')

function octetsOf(hex: string): Bytes {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

interface Signer {
  readonly name: string
  /** DER of the AlgorithmIdentifier of its signatures, in hexadecimal. */
  readonly identifier: string
  readonly hash: string | null
  readonly options: object
  readonly keys: crypto.KeyPairKeyObjectResult
}

const pss = (hash: string, salt: string): string => {
  const digest = `300d060960864801650304020${hash}0500`
  return `304106092a864886f70d01010a3034a00f${digest}a11c301a06092a864886f70d010108${digest}a2030201${salt}`
}
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pssOnly = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha256',
  mgf1HashAlgorithm: 'sha256',
  // A number, which Node's types take for a text.
  ...({ saltLength: 32 } as object),
})
const padding = crypto.constants.RSA_PKCS1_PSS_PADDING

const signers: readonly Signer[] = [
  {
    name: 'P-256',
    identifier: '300a06082a8648ce3d040302',
    hash: 'sha256',
    options: {},
    keys: ec('P-256'),
  },
  {
    name: 'P-384',
    identifier: '300a06082a8648ce3d040303',
    hash: 'sha384',
    options: {},
    keys: ec('P-384'),
  },
  {
    name: 'P-521',
    identifier: '300a06082a8648ce3d040304',
    hash: 'sha512',
    options: {},
    keys: ec('P-521'),
  },
  {
    name: 'RSA',
    identifier: '300d06092a864886f70d01010b0500',
    hash: 'sha256',
    options: {},
    keys: rsa,
  },
  {
    name: 'RSA-PSS with SHA-256',
    identifier: pss('1', '20'),
    hash: 'sha256',
    options: { padding, saltLength: 32 },
    keys: rsa,
  },
  {
    name: 'RSA-PSS with SHA-512',
    identifier: pss('3', '40'),
    hash: 'sha512',
    options: { padding, saltLength: 64 },
    keys: rsa,
  },
  {
    name: 'a key for RSA-PSS alone',
    identifier: pss('1', '20'),
    hash: 'sha256',
    options: { padding, saltLength: 32 },
    keys: pssOnly,
  },
  {
    name: 'Ed25519',
    identifier: '300506032b6570',
    hash: null,
    options: {},
    keys: generateKeyPairSync('ed25519'),
  },
]

function spkiOf({ keys }: Signer): Bytes {
  return Uint8Array.from(keys.publicKey.export({ type: 'spki', format: 'der' }))
}

function signatureOf({ hash, options, keys }: Signer): Bytes {
  return Uint8Array.from(sign(hash, signed, { key: keys.privateKey, ...options }))
}

/** What both verifiers say; the same, or the test fails. */
async function bothSay(identifier: string, spki: Bytes, signature: Bytes): Promise<boolean> {
  const algorithm = signatureAlgorithmOf(octetsOf(identifier))
  const kind = publicKeyKindOf(spki)
  if (algorithm === undefined || kind === undefined) return false
  const input = { algorithm, kind, spki, signature, signed }
  const answer = node.verify(input)
  expect(answer).toBe(await web.verify(input))
  return answer
}

describe.each(signers)('$name: both verifiers say the same', (signer) => {
  test('of a right signature, at the first asking and when the key is known', async () => {
    const spki = spkiOf(signer)
    expect(await bothSay(signer.identifier, spki, signatureOf(signer))).toBe(true)
    expect(await bothSay(signer.identifier, spki, signatureOf(signer))).toBe(true)
  })

  test.each([
    { name: 'an empty one', bend: () => octetsOf('') },
    { name: 'an octet less', bend: (signature: Bytes) => signature.slice(0, -1) },
    { name: 'an octet more', bend: (signature: Bytes) => Uint8Array.of(...signature, 0) },
    { name: 'a zero octet in front', bend: (signature: Bytes) => Uint8Array.of(0, ...signature) },
    {
      name: 'a bit turned',
      bend: (signature: Bytes) =>
        signature.map((octet, at) => (at === signature.length - 1 ? octet ^ 1 : octet)),
    },
    { name: 'zeros', bend: (signature: Bytes) => signature.map(() => 0) },
    { name: 'all ones', bend: (signature: Bytes) => signature.map(() => 0xff) },
    { name: 'r and s of zero', bend: () => octetsOf('3006020100020100') },
    { name: 'r and s of one', bend: () => octetsOf('3006020101020101') },
    { name: 'a third number', bend: () => octetsOf('3009020101020101020101') },
    { name: 'a negative r', bend: () => octetsOf('3006020180020101') },
    { name: 'a BER length', bend: () => octetsOf('308106020101020101') },
  ])('of a wrong one: $name', async ({ bend }) => {
    const signature = Uint8Array.from(bend(signatureOf(signer)))
    expect(await bothSay(signer.identifier, spkiOf(signer), signature)).toBe(false)
  })

  test('of a key of which an octet was changed', async () => {
    const spki = spkiOf(signer)
    const signature = signatureOf(signer)
    const step = Math.max(1, Math.floor(spki.length / 40))
    for (let at = 0; at < spki.length; at += step) {
      const bent = spki.slice()
      bent[at] = (bent[at] ?? 0) ^ 1
      expect(await bothSay(signer.identifier, bent, signature)).toBe(false)
    }
  })
})

test('a key of another kind than the algorithm', async () => {
  const [p256, , , plainRsa] = signers
  if (p256 === undefined || plainRsa === undefined) throw new Error('no signers')
  expect(await bothSay(plainRsa.identifier, spkiOf(p256), signatureOf(p256))).toBe(false)
  expect(await bothSay(p256.identifier, spkiOf(plainRsa), signatureOf(plainRsa))).toBe(false)
})

function createPublicKey(): never {
  throw new TypeError('broken')
}

test('a fault that is none of OpenSSL’s is not taken for an answer', () => {
  const broken = createNodeVerifier({ ...crypto, createPublicKey })
  const [signer] = signers
  if (signer === undefined) throw new Error('no signers')
  const spki = spkiOf(signer)
  const algorithm = signatureAlgorithmOf(octetsOf(signer.identifier))
  const kind = publicKeyKindOf(spki)
  if (algorithm === undefined || kind === undefined) throw new Error('a key of no kind we know')
  const input = { algorithm, kind, spki, signature: signatureOf(signer), signed }
  expect(() => broken.verify(input)).toThrow('broken')
})
