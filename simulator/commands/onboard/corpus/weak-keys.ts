import { createECDH, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { concatBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { bitString, element, objectIdentifier, sequence } from '#simulator/ca/der.ts'
import type { CorpusCase } from './case.ts'
import {
  closePrimeKeys,
  ecKeys,
  ed25519Keys,
  evenModulusKeys,
  p256Keys,
  publishedKeys,
  rocaKeys,
  rsaKeys,
  rsaSpki,
  signatureAlgorithms,
  smallFactorKeys,
  withSpki,
  type CorpusKeys,
} from './keys.ts'
import { request } from './maker.ts'

type Row = readonly [
  name: string,
  expects: CorpusCase['expects'],
  about: string,
  keys: () => CorpusKeys,
]

const rows: readonly Row[] = [
  ['key-p224', ['key.type'], 'a curve of 112 bits of security', () => ecKeys('secp224r1')],
  ['key-secp256k1', ['key.type'], 'a curve that TLS does not have', () => ecKeys('secp256k1')],
  [
    'key-explicit-curve',
    ['key.type'],
    'a curve by its parameters, which may be anybody’s (CVE-2020-0601)',
    () => ecKeys('P-256', 'explicit'),
  ],
  ['key-compressed', ['key.type'], 'a point in its short form', compressedKeys],
  ['key-x25519', ['key.type'], 'a key that cannot sign', x25519Keys],
  ['key-off-curve', ['key.point'], 'a point beside the curve', offCurveKeys],
  ['key-rsa-1024', ['key.size'], 'RSA of 1024 bits', () => rsaKeys(1024)],
  ['key-rsa-2047', ['key.size'], 'RSA of 2047 bits', () => rsaKeys(2047)],
  ['key-rsa-16384', ['key.size'], 'RSA of 16384 bits, for a verifier to work at', hugeKeys],
  ['key-exponent-3', ['key.exponent'], 'exponent 3', () => rsaKeys(2048, 3)],
  ['key-exponent-17', ['key.exponent'], 'exponent 17', () => rsaKeys(2048, 17)],
  [
    'key-exponent-even',
    ['key.exponent', 'csr.pop'],
    'exponent 65536, with which nobody can sign',
    () => withExponent(65_536n),
  ],
  [
    'key-exponent-long',
    ['key.exponent'],
    'an exponent of 300 bits',
    () => withExponent(2n ** 299n + 1n),
  ],
  [
    'key-even-modulus',
    ['key.weak.smallFactor', 'csr.pop'],
    'an even modulus, which libraries cannot compute with',
    evenModulusKeys,
  ],
  ['key-small-factor', ['key.weak.smallFactor'], 'a modulus with the factor 751', smallFactorKeys],
  ['key-roca', ['key.weak.roca'], 'a key as RSALib made them (CVE-2017-15361)', rocaKeys],
  [
    'key-close-primes',
    ['key.weak.closePrimes'],
    'two primes next to each other (CVE-2022-26320)',
    closePrimeKeys,
  ],
  ['key-published', ['key.known'], 'the key that RFC 9500 prints', publishedKeys],
  ['key-one', ['key.known'], 'the private key 1, of a generator that nobody seeded', oneKeys],
  [
    'key-small-order',
    ['key.point'],
    'an Ed25519 key of small order, whose signatures fit whatever is signed',
    () => edwardsKeys(Uint8Array.of(1)),
  ],
  [
    'key-off-edwards',
    ['key.point'],
    'an Ed25519 key off the curve',
    () => edwardsKeys(Uint8Array.of(2)),
  ],
]

/** The case whose key the corpus's own deny-list names. */
export const deniedCase = 'key-denied'

export const weakKeyCases: readonly CorpusCase[] = [
  ...rows.map(([name, expects, about, keys]): CorpusCase => ({
    name,
    profile: 'device',
    kind: 'request',
    expects,
    about,
    make: () => [request(name, { keys: keys() })],
  })),
  {
    name: deniedCase,
    profile: 'device',
    kind: 'request',
    expects: ['key.weak.denied'],
    about: 'a key that deny-list.txt names',
    make: () => [request(deniedCase)],
  },
]

/** A key of two devices: the second that is met is told. */
export function reusedKeyCases(): readonly CorpusCase[] {
  const keys = p256Keys()
  return [
    {
      name: 'key-cloned-1',
      profile: 'device',
      kind: 'request',
      expects: [],
      about: 'the first of two devices with one key',
      make: () => [request('key-cloned-1', { keys })],
    },
    {
      name: 'key-cloned-2',
      profile: 'device',
      kind: 'request',
      expects: ['key.reuse'],
      about: 'the second of two devices with one key, as cloned images have it',
      make: () => [request('key-cloned-2', { keys })],
    },
  ]
}

const ecHead = sequence(
  objectIdentifier('1.2.840.10045.2.1'),
  objectIdentifier('1.2.840.10045.3.1.7'),
)

/** Octets of x and y of a P-256 key, at the end of its SubjectPublicKeyInfo. */
const coordinateOctets = 32

function compressedKeys(): CorpusKeys {
  const keys = p256Keys()
  const x = keys.spki.slice(-2 * coordinateOctets, -coordinateOctets)
  const isOdd = (keys.spki.at(-1) ?? 0) & 1
  const point = concatBytes(Uint8Array.of(2 + isOdd), x)
  return withSpki(keys, sequence(ecHead, bitString(point)))
}

function offCurveKeys(): CorpusKeys {
  const keys = p256Keys()
  const spki = keys.spki.slice()
  spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1
  return withSpki(keys, spki)
}

/** RFC 8410: the key is for agreement; the request is signed by another. */
function x25519Keys(): CorpusKeys {
  const { publicKey } = generateKeyPairSync('x25519')
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  return withSpki(p256Keys(), spki)
}

/** The generator of P-256 (SP 800-186 3.2.1.3). */
function oneKeys(): CorpusKeys {
  const one = createECDH('prime256v1')
  one.setPrivateKey('01'.padStart(64, '0'), 'hex')
  const point = one.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) =>
    each.toString('base64url'),
  )
  const d = Buffer.from('01'.padStart(64, '0'), 'hex').toString('base64url')
  const privateKey = createPrivateKey({
    key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '', d },
    format: 'jwk',
  })
  return {
    spki: sequence(ecHead, bitString(new Uint8Array(point))),
    algorithm: signatureAlgorithms.ecdsaSha256,
    sign: (signed) => new Uint8Array(sign('sha256', signed, privateKey)),
  }
}

/** RFC 8410: an Ed25519 key whose y is small; the request is signed by another. */
function edwardsKeys(y: Bytes): CorpusKeys {
  const point = concatBytes(y, new Uint8Array(32 - y.length))
  const keys = ed25519Keys()
  return withSpki(keys, sequence(sequence(objectIdentifier('1.3.101.112')), bitString(point)))
}

/** A modulus that nobody can sign with: its size says enough. */
function hugeKeys(): CorpusKeys {
  const octets: Bytes = new Uint8Array(randomBytes(2048))
  octets[0] = 0xc0
  octets[2047] = 0xff
  return withSpki(rsaKeys(2048), rsaSpki(BigInt(`0x${toHex(octets)}`), 65_537n))
}

/** A sound modulus with another exponent beside it. */
function withExponent(exponent: bigint): CorpusKeys {
  const keys = rsaKeys(2048)
  return withSpki(keys, rsaSpki(modulusOf(keys), exponent))
}

/** The modulus of a sound key: 256 octets behind their sign octet, before an exponent of five octets in all. */
function modulusOf({ spki }: CorpusKeys): bigint {
  const exponent = element(0x02, Uint8Array.of(1, 0, 1))
  const octets = spki.slice(-256 - exponent.length, -exponent.length)
  return BigInt(`0x${toHex(octets)}`)
}
