import {
  rsaBitsMax,
  rsaBitsMin,
  signatureAlgorithmOf,
  type Curve,
  type PublicKey,
  type SignatureAlgorithm,
} from './algorithms.ts'
import type { Bytes } from '#shared/bytes.ts'
import type { Hash } from './rsa-pss.ts'

/** Signatures and keys that a relying party takes. RSA with both paddings where it takes RSA at all. */
export interface AlgorithmSet {
  readonly name: string
  readonly hashes: readonly Hash[]
  readonly curves: readonly Curve[]
  readonly ed25519: 'accept' | 'refuse'
  readonly rsa: RsaBounds
}

interface RsaBounds {
  /** Bits of the modulus. */
  readonly bitsMin: number
  readonly bitsMax: number
  /** The bits of the modulus are a multiple of this. */
  readonly bitsStep: number
  readonly exponentMin: number
}

const sha2 = ['SHA-256', 'SHA-384', 'SHA-512'] as const
const nistCurves = ['P-256', 'P-384', 'P-521'] as const

/** The default: what is sound today. Moduli of whole octets: CA/Browser Forum BR 6.1.5. */
export const modern: AlgorithmSet = {
  name: 'modern',
  hashes: sha2,
  curves: nistCurves,
  ed25519: 'accept',
  rsa: { bitsMin: rsaBitsMin, bitsMax: rsaBitsMax, bitsStep: 8, exponentMin: 3 },
}

/** ALB's documentation of mutual authentication: RSA 2048 to 8192, three curves, SHA-2, no Ed25519. */
const alb: AlgorithmSet = {
  name: 'alb',
  hashes: sha2,
  curves: nistCurves,
  ed25519: 'refuse',
  rsa: { bitsMin: rsaBitsMin, bitsMax: rsaBitsMax, bitsStep: 1, exponentMin: 3 },
}

/** FIPS 186-5: moduli of an even number of bits (5.1), exponents above 2^16 (A.1.1); SP 800-131A: 2048 bits, SHA-2. */
const fips: AlgorithmSet = {
  name: 'fips',
  hashes: sha2,
  curves: nistCurves,
  ed25519: 'accept',
  rsa: { bitsMin: rsaBitsMin, bitsMax: rsaBitsMax, bitsStep: 2, exponentMin: 0x10001 },
}

/** The sets that a configuration may name; none of them has SHA-1. */
export const algorithmSets = { modern, alb, fips }

export type AlgorithmSetName = keyof typeof algorithmSets

/** What a case of an old test suite asks for beyond `modern`; no configuration can name it. */
export function oldAlgorithms(asked: {
  readonly rsaBitsMin?: number | undefined
  readonly sha1: 'refuse' | 'accept'
}): AlgorithmSet {
  const bitsMin = asked.rsaBitsMin ?? modern.rsa.bitsMin
  const hashes = asked.sha1 === 'accept' ? (['SHA-1', ...sha2] as const) : sha2
  return { ...modern, name: 'old', hashes, rsa: { ...modern.rsa, bitsMin } }
}

/** The algorithm that an AlgorithmIdentifier names, where it is one of the set. */
export function algorithmInSet(
  algorithmIdentifier: Bytes,
  set: AlgorithmSet,
): SignatureAlgorithm | undefined {
  // Of all that are known, SHA-1 among them: the set says which it takes.
  const algorithm = signatureAlgorithmOf(algorithmIdentifier, 'accept')
  if (algorithm === undefined) return undefined
  const isIn =
    algorithm.hash === undefined ? set.ed25519 === 'accept' : set.hashes.includes(algorithm.hash)
  return isIn ? algorithm : undefined
}

/** Whether a key is of a kind and a size that the set has. */
export function isKeyInSet({ kind, rsa }: PublicKey, set: AlgorithmSet): boolean {
  if (kind.family === 'ed25519') return set.ed25519 === 'accept'
  if (kind.curve !== undefined) return set.curves.includes(kind.curve)
  return rsa !== undefined && isRsaKeyInBounds(rsa, set.rsa)
}

function isRsaKeyInBounds(
  { bits, exponent }: NonNullable<PublicKey['rsa']>,
  { bitsMin, bitsMax, bitsStep, exponentMin }: RsaBounds,
): boolean {
  const isSize = bits >= bitsMin && bits <= bitsMax && bits % bitsStep === 0
  return isSize && exponent >= exponentMin && exponent % 2n === 1n
}
