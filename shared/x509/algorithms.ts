import { toHex, type Bytes } from '#shared/bytes.ts'
import { parseDer, tag } from '#shared/der/reader.ts'
import { pssHashOf, type Hash } from './rsa-pss.ts'

export type KeyFamily = 'ec' | 'rsa' | 'ed25519'

/** One signature algorithm a certificate or CRL may be signed with. */
export interface SignatureAlgorithm {
  readonly name: string
  readonly family: KeyFamily
  readonly hash: Hash | undefined
  /** Given for RSASSA-PSS alone: its salt is as long as its hash's digest. */
  readonly padding?: 'PSS'
}

/** One kind of public key. `scalarOctets`: length of r and of s in a raw ECDSA signature. */
export interface PublicKeyKind {
  readonly name: string
  readonly family: KeyFamily
  readonly curve: 'P-256' | 'P-384' | 'P-521' | undefined
  readonly scalarOctets: number
  /** RFC 4055 1.2: a key that names RSASSA-PSS signs with nothing else, or with this hash alone. */
  readonly pssOnly?: Hash | 'any'
}

/**
 * By the whole AlgorithmIdentifier in hexadecimal, parameters included (RFC 5758, 4055, 8410), so
 * that an algorithm with odd parameters is another algorithm. SHA-1 and MD5 are not in the table;
 * RSASSA-PSS, whose parameters have several spellings, is read by `pssHashOf`.
 */
const signatureAlgorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  '300a06082a8648ce3d040302': { name: 'ecdsa-with-SHA256', family: 'ec', hash: 'SHA-256' },
  '300a06082a8648ce3d040303': { name: 'ecdsa-with-SHA384', family: 'ec', hash: 'SHA-384' },
  '300a06082a8648ce3d040304': { name: 'ecdsa-with-SHA512', family: 'ec', hash: 'SHA-512' },
  '300d06092a864886f70d01010b0500': {
    name: 'sha256WithRSAEncryption',
    family: 'rsa',
    hash: 'SHA-256',
  },
  '300d06092a864886f70d01010c0500': {
    name: 'sha384WithRSAEncryption',
    family: 'rsa',
    hash: 'SHA-384',
  },
  '300d06092a864886f70d01010d0500': {
    name: 'sha512WithRSAEncryption',
    family: 'rsa',
    hash: 'SHA-512',
  },
  // RFC 4055 section 5: parameters are NULL, and a verifier MUST take them left out as well.
  '300b06092a864886f70d01010b': { name: 'sha256WithRSAEncryption', family: 'rsa', hash: 'SHA-256' },
  '300b06092a864886f70d01010c': { name: 'sha384WithRSAEncryption', family: 'rsa', hash: 'SHA-384' },
  '300b06092a864886f70d01010d': { name: 'sha512WithRSAEncryption', family: 'rsa', hash: 'SHA-512' },
  '300506032b6570': { name: 'Ed25519', family: 'ed25519', hash: undefined },
}

/** By the SPKI's AlgorithmIdentifier in hexadecimal (RFC 5480, 3279, 8410). */
const publicKeyKinds: Readonly<Record<string, PublicKeyKind>> = {
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
}

/** ALB's bounds for RSA (its documentation: 2048 to 8192 bits), and common sense for a verifier. */
export const rsaBitsMin = 2048
const rsaBitsMax = 8192

/** The algorithm that an AlgorithmIdentifier names, or undefined where this core does not verify it. */
export function signatureAlgorithmOf(algorithmIdentifier: Bytes): SignatureAlgorithm | undefined {
  return signatureAlgorithms[toHex(algorithmIdentifier)] ?? pssAlgorithmOf(algorithmIdentifier)
}

/** RFC 4055 3.1: parameters may be left out of a key's identifier, never of a signature's. */
function pssAlgorithmOf(algorithmIdentifier: Bytes): SignatureAlgorithm | undefined {
  const hash = pssHashOf(algorithmIdentifier)
  if (hash === undefined || hash === 'any') return undefined
  return { name: `RSASSA-PSS with ${hash}`, family: 'rsa', hash, padding: 'PSS' }
}

/** Whether a key of this kind makes such signatures: an RSA key both paddings, one for PSS only that. */
export function canSign(kind: PublicKeyKind, algorithm: SignatureAlgorithm): boolean {
  if (kind.family !== algorithm.family) return false
  if (kind.pssOnly === undefined) return true
  return algorithm.padding === 'PSS' && (kind.pssOnly === 'any' || kind.pssOnly === algorithm.hash)
}

/** What is said of an algorithm that is not in the table. */
export function algorithmText(algorithmIdentifier: Bytes): string {
  return (
    signatureAlgorithmOf(algorithmIdentifier)?.name ??
    `AlgorithmIdentifier ${toHex(algorithmIdentifier.subarray(0, 32))}`
  )
}

/**
 * The kind of a SubjectPublicKeyInfo's key, or undefined where it is unknown, malformed or of a size
 * we refuse.
 *
 * @param bitsMin the fewest bits of an RSA modulus that are taken
 */
export function publicKeyKindOf(spki: Bytes, bitsMin = rsaBitsMin): PublicKeyKind | undefined {
  const parsed = parseDer(spki, (reader) => {
    const outer = reader.open(tag.sequence, 'SubjectPublicKeyInfo')
    const kind = kindOfIdentifier(reader.element(tag.sequence, 'algorithm'))
    const key = reader.octetAlignedBits('subjectPublicKey')
    reader.close(outer)
    return kind !== undefined && sizeIsAllowed(kind, key, bitsMin) ? kind : undefined
  })
  return parsed.ok ? parsed.value : undefined
}

function kindOfIdentifier(algorithmIdentifier: Bytes): PublicKeyKind | undefined {
  const known = publicKeyKinds[toHex(algorithmIdentifier)]
  if (known !== undefined) return known
  const pssOnly = pssHashOf(algorithmIdentifier)
  if (pssOnly === undefined) return undefined
  return { name: 'RSASSA-PSS', family: 'rsa', curve: undefined, scalarOctets: 0, pssOnly }
}

function sizeIsAllowed(kind: PublicKeyKind, key: Bytes, bitsMin: number): boolean {
  if (kind.family !== 'rsa') return true
  const bits = rsaModulusBits(key)
  return bits !== undefined && bits >= bitsMin && bits <= rsaBitsMax
}

function rsaModulusBits(key: Bytes): number | undefined {
  const parsed = parseDer(key, (reader) => {
    const outer = reader.open(tag.sequence, 'RSAPublicKey')
    const modulus = reader.integer('modulus')
    reader.integer('publicExponent')
    reader.close(outer)
    return modulus[0] === 0 ? modulus.subarray(1) : modulus
  })
  if (!parsed.ok) return undefined
  return parsed.value.length * 8 - Math.clz32(parsed.value[0] ?? 0) + 24
}
