import { equalBytes, standsAt, type Bytes } from '#shared/bytes.ts'
import { parseDer, tag } from '#shared/der/reader.ts'
import { pssHashOf, type Hash } from './rsa-pss.ts'

export type KeyFamily = 'ec' | 'rsa' | 'ed25519'

/** One signature algorithm a certificate or CRL may be signed with: the same object at every asking. */
export interface SignatureAlgorithm {
  readonly family: KeyFamily
  readonly hash: Hash | undefined
  /** Given for RSASSA-PSS alone: its salt is as long as its hash's digest. */
  readonly padding?: 'PSS'
}

/** One kind of public key. `scalarOctets`: length of r and of s in a raw ECDSA signature. */
export interface PublicKeyKind {
  readonly name: string
  readonly family: KeyFamily
  readonly curve: Curve | undefined
  readonly scalarOctets: number
  /** RFC 4055 1.2: a key that names RSASSA-PSS signs with nothing else, or with this hash alone. */
  readonly pssOnly?: Hash | 'any'
}

export type Curve = 'P-256' | 'P-384' | 'P-521'

/** A public key as its SubjectPublicKeyInfo tells it, of whatever size. */
export interface PublicKey {
  readonly kind: PublicKeyKind
  /** Of RSA keys alone: bits of the modulus, and the exponent. */
  readonly rsa: { readonly bits: number; readonly exponent: bigint } | undefined
}

interface Identified<Value> {
  /** The whole AlgorithmIdentifier, parameters included. */
  readonly identifier: Bytes
  readonly value: Value
}

/**
 * By the whole AlgorithmIdentifier in hexadecimal, parameters included (RFC 5758, 4055, 8410), so
 * that an algorithm with odd parameters is another algorithm. MD5 is not in the table; RSASSA-PSS,
 * whose parameters have several spellings, is read by `pssHashOf`.
 */
const signatureAlgorithms = identified<SignatureAlgorithm>({
  '300a06082a8648ce3d040302': { family: 'ec', hash: 'SHA-256' },
  '300a06082a8648ce3d040303': { family: 'ec', hash: 'SHA-384' },
  '300a06082a8648ce3d040304': { family: 'ec', hash: 'SHA-512' },
  '300d06092a864886f70d01010b0500': {
    family: 'rsa',
    hash: 'SHA-256',
  },
  '300d06092a864886f70d01010c0500': {
    family: 'rsa',
    hash: 'SHA-384',
  },
  '300d06092a864886f70d01010d0500': {
    family: 'rsa',
    hash: 'SHA-512',
  },
  // RFC 4055 section 5: parameters are NULL, and a verifier MUST take them left out as well.
  '300b06092a864886f70d01010b': { family: 'rsa', hash: 'SHA-256' },
  '300b06092a864886f70d01010c': { family: 'rsa', hash: 'SHA-384' },
  '300b06092a864886f70d01010d': { family: 'rsa', hash: 'SHA-512' },
  '300506032b6570': { family: 'ed25519', hash: undefined },
})

/** RFC 3279 2.2: collisions are made to order since 2017, so only tests of old worlds take these. */
const sha1Algorithms = identified<SignatureAlgorithm>({
  '300906072a8648ce3d0401': { family: 'ec', hash: 'SHA-1' },
  '300d06092a864886f70d0101050500': {
    family: 'rsa',
    hash: 'SHA-1',
  },
})

/** By the SPKI's AlgorithmIdentifier in hexadecimal (RFC 5480, 3279, 8410). */
const publicKeyKinds = identified<PublicKeyKind>({
  '301306072a8648ce3d020106082a8648ce3d030107': {
    name: 'P-256',
    family: 'ec',
    curve: 'P-256',
    scalarOctets: 32,
  },
  '301006072a8648ce3d020106052b81040022': {
    name: 'P-384',
    family: 'ec',
    curve: 'P-384',
    scalarOctets: 48,
  },
  '301006072a8648ce3d020106052b81040023': {
    name: 'P-521',
    family: 'ec',
    curve: 'P-521',
    scalarOctets: 66,
  },
  '300d06092a864886f70d0101010500': {
    name: 'RSA',
    family: 'rsa',
    curve: undefined,
    scalarOctets: 0,
  },
  '300506032b6570': { name: 'Ed25519', family: 'ed25519', curve: undefined, scalarOctets: 0 },
})

function identified<Value>(table: Readonly<Record<string, Value>>): readonly Identified<Value>[] {
  return Object.entries(table).map(([hex, value]) => ({ identifier: octetsOf(hex), value }))
}

function octetsOf(hex: string): Bytes {
  const pairs = hex.match(/../g) ?? []
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))
}

function find<Value>(table: readonly Identified<Value>[], identifier: Bytes): Value | undefined {
  for (const row of table) if (equalBytes(row.identifier, identifier)) return row.value
  return undefined
}

/** ALB's bounds for RSA (its documentation: 2048 to 8192 bits), and common sense for a verifier. */
export const rsaBitsMin = 2048
export const rsaBitsMax = 8192

/**
 * The algorithm that an AlgorithmIdentifier names, or undefined where this core does not verify it.
 *
 * @param sha1 whether SHA-1 is taken: `accept` is for tests of old worlds
 */
export function signatureAlgorithmOf(
  algorithmIdentifier: Bytes,
  sha1: 'refuse' | 'accept' = 'refuse',
): SignatureAlgorithm | undefined {
  const known = find(signatureAlgorithms, algorithmIdentifier)
  if (known !== undefined) return known
  const old = sha1 === 'accept' ? find(sha1Algorithms, algorithmIdentifier) : undefined
  return old ?? pssAlgorithmOf(algorithmIdentifier)
}

const pssAlgorithms: readonly SignatureAlgorithm[] = [
  { family: 'rsa', hash: 'SHA-256', padding: 'PSS' },
  { family: 'rsa', hash: 'SHA-384', padding: 'PSS' },
  { family: 'rsa', hash: 'SHA-512', padding: 'PSS' },
]

/** RFC 4055 3.1: parameters may be left out of a key's identifier, never of a signature's. */
function pssAlgorithmOf(algorithmIdentifier: Bytes): SignatureAlgorithm | undefined {
  const hash = pssHashOf(algorithmIdentifier)
  return pssAlgorithms.find((algorithm) => algorithm.hash === hash)
}

/** Whether a key of this kind makes such signatures: an RSA key both paddings, one for PSS only that. */
export function canSign(kind: PublicKeyKind, algorithm: SignatureAlgorithm): boolean {
  if (kind.family !== algorithm.family) return false
  if (kind.pssOnly === undefined) return true
  return algorithm.padding === 'PSS' && (kind.pssOnly === 'any' || kind.pssOnly === algorithm.hash)
}

/**
 * The kind of a SubjectPublicKeyInfo's key, or undefined where it is unknown, malformed or of a size
 * we refuse.
 *
 * @param bitsMin the fewest bits of an RSA modulus that are taken
 */
export function publicKeyKindOf(spki: Bytes, bitsMin = rsaBitsMin): PublicKeyKind | undefined {
  const key = publicKeyOf(spki)
  const bits = key?.rsa?.bits ?? bitsMin
  return bits >= bitsMin && bits <= rsaBitsMax ? key?.kind : undefined
}

/** By the view that a parser made: a CA's key is read once, however many certificates it signed. */
const knownKeys = new WeakMap<Bytes, { readonly key: PublicKey | undefined }>()

/** The key of a SubjectPublicKeyInfo, of any size; undefined where its kind is unknown or it is malformed. */
export function publicKeyOf(spki: Bytes): PublicKey | undefined {
  const known = knownKeys.get(spki)
  if (known !== undefined) return known.key
  const key = readPublicKey(spki)
  knownKeys.set(spki, { key })
  return key
}

/** The same without remembering it: for a leaf's, which nobody asks for again. */
export function readPublicKey(spki: Bytes): PublicKey | undefined {
  for (const { key, before, octets } of fixedKeys) {
    if (spki.length === octets && standsAt(spki, 0, before)) return key
  }
  return readRsaKey(spki)
}

/** A kind whose keys are all of one length, and so begin alike: DER has one spelling for each. */
interface FixedKey {
  readonly key: PublicKey
  /** All of the SubjectPublicKeyInfo that stands before the key's own octets. */
  readonly before: Bytes
  /** Of the whole SubjectPublicKeyInfo. */
  readonly octets: number
}

/** RFC 8032 5.1.5. */
const ed25519Octets = 32

/**
 * RFC 5480 2.2: 04, x and y. The hybrid form (06, 07), which it forbids, some runtimes import all the
 * same, and compressed points some do not: one key has one spelling here, in every runtime.
 */
const pointForm = [0x04]

const fixedKeys: readonly FixedKey[] = publicKeyKinds.flatMap(({ identifier, value }) => {
  if (value.family === 'ec') return [fixedKey(value, identifier, pointForm, 2 * value.scalarOctets)]
  return value.family === 'ed25519' ? [fixedKey(value, identifier, [], ed25519Octets)] : []
})

function fixedKey(
  kind: PublicKeyKind,
  identifier: Bytes,
  form: readonly number[],
  keyOctets: number,
): FixedKey {
  const bits = header(tag.bitString, 1 + form.length + keyOctets)
  const start = [...identifier, ...bits, 0, ...form]
  const whole = header(tag.sequence, start.length + keyOctets)
  const before = Uint8Array.of(...whole, ...start)
  return { key: { kind, rsa: undefined }, before, octets: before.length + keyOctets }
}

/** Of an element of up to 255 octets (X.690 10.1). */
function header(elementTag: number, octets: number): readonly number[] {
  return octets < 0x80 ? [elementTag, octets] : [elementTag, 0x81, octets]
}

function readRsaKey(spki: Bytes): PublicKey | undefined {
  const parsed = parseDer(spki, (reader) => {
    const outer = reader.open(tag.sequence, 'SubjectPublicKeyInfo')
    const kind = rsaKindOf(reader.element(tag.sequence, 'algorithm'))
    const key = reader.octetAlignedBits('subjectPublicKey')
    reader.close(outer)
    return kind && rsaKey(kind, key)
  })
  return parsed.ok ? parsed.value : undefined
}

function rsaKindOf(algorithmIdentifier: Bytes): PublicKeyKind | undefined {
  const known = find(publicKeyKinds, algorithmIdentifier)
  if (known !== undefined) return known.family === 'rsa' ? known : undefined
  const pssOnly = pssHashOf(algorithmIdentifier)
  if (pssOnly === undefined) return undefined
  return { name: 'RSASSA-PSS', family: 'rsa', curve: undefined, scalarOctets: 0, pssOnly }
}

/** RFC 8017 3.1: modulus and exponent are positive. */
function rsaKey(kind: PublicKeyKind, key: Bytes): PublicKey | undefined {
  const parsed = parseDer(key, (reader) => {
    const outer = reader.open(tag.sequence, 'RSAPublicKey')
    const modulus = positiveMagnitude(reader.integer('modulus'))
    const exponent = positiveMagnitude(reader.integer('publicExponent'))
    reader.close(outer)
    return { modulus, exponent }
  })
  if (!parsed.ok) return undefined
  const { modulus, exponent } = parsed.value
  if (modulus === undefined || exponent === undefined) return undefined
  if (exponent.length > rsaExponentOctetsMax) return undefined
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  return { kind, rsa: { bits, exponent: numberOf(exponent) } }
}

/** FIPS 186-5 A.1.1: an exponent is below 2^256; longer ones only make a verifier slow. */
const rsaExponentOctetsMax = 32

/** Doubles are exact up to 2^53: six octets. The exponent that nearly every key has, 65537, takes three. */
const exactOctetsMax = 6

function numberOf(magnitude: Bytes): bigint {
  if (magnitude.length > exactOctetsMax) {
    return magnitude.reduce((number, octet) => number * 256n + BigInt(octet), 0n)
  }
  let number = 0
  for (const octet of magnitude) number = number * 256 + octet
  return BigInt(number)
}

/** Octets of a positive INTEGER without its sign octet; undefined where it is negative. */
function positiveMagnitude(integer: Bytes): Bytes | undefined {
  const first = integer[0] ?? 0
  if (first >= 0x80) return undefined
  return first === 0 ? integer.subarray(1) : integer
}
