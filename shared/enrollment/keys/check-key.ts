import type { Bytes } from '#shared/bytes.ts'
import { keyText } from '#shared/x509/algorithm-text.ts'
import type { PublicKeyKind } from '#shared/x509/algorithms.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import type { KeyKindName, KeyRule } from '../profile.ts'
import { isOnCurve } from './curve.ts'
import { edwardsFault } from './edwards.ts'
import { knownKeys } from './known-keys.ts'
import { bitsOf, numberOf } from './numbers.ts'
import type { DeviceKey, RsaNumbers } from './read-key.ts'
import { hasClosePrimes, hasRocaFingerprint, smallFactor } from './weak-rsa.ts'

/** What is known of keys beyond themselves. */
export interface KeyRecords {
  /** Whether the user's deny-list names a key, by the SHA-256 of its SPKI in lower-case hexadecimal. */
  readonly isDenied?: ((spkiSha256: string) => boolean) | undefined
  /** Whose key it is, where somebody has it already. */
  readonly isKnownKey?: ((spkiSha256: string) => string | undefined) | undefined
}

/** Every check of a key by itself: kind, size, numbers. The dear ones come where the size is bounded. */
export function checkKey(path: string, key: DeviceKey, rule: KeyRule): readonly Finding[] {
  if (key.rsa !== undefined) return checkRsa(path, key, key.rsa, rule)
  if (key.known === undefined) return [checkForm(path, key, rule)]
  const { kind } = key.known
  if (!rule.kinds.some((name) => name === kind.name)) {
    return [finding('key.type', path, kind.name, rule.kinds.join(', '))]
  }
  return checkPoint(path, key.octets, kind)
}

/** The checks that ask whose a key is. */
export function checkKeyRecords(
  path: string,
  sha256: string,
  device: string | undefined,
  { isDenied, isKnownKey }: KeyRecords,
): readonly Finding[] {
  const findings: Finding[] = []
  const published = knownKeys.get(sha256)
  if (published !== undefined) findings.push(finding('key.known', path, published, 'a secret key'))
  if (isDenied?.(sha256) === true) {
    findings.push(finding('key.weak.denied', path, sha256, 'a key that is not on the deny-list'))
  }
  const owner = isKnownKey?.(sha256)
  if (owner !== undefined && owner !== device) {
    findings.push(finding('key.reuse', path, `the key of ${owner}`, 'a key of its own'))
  }
  return findings
}

/** RFC 5480 2.2: one key has one spelling; other curves, and explicit ones (2.1.1), are told by name. */
function checkForm(path: string, { algorithm, octets, spki }: DeviceKey, rule: KeyRule): Finding {
  const wanted = rule.kinds.join(', ')
  const curve = algorithm?.curve
  const [first] = octets
  if (algorithm?.oid !== ecPublicKey) return finding('key.type', path, keyText(spki), wanted)
  if (curve === undefined) return finding('key.type', path, 'explicit curve parameters', wanted)
  if (first === 2 || first === 3) {
    return finding('key.type', path, 'a compressed point', 'an uncompressed point')
  }
  return finding('key.type', path, `curve ${curve}, ${octets.length} octets`, wanted)
}

const ecPublicKey = '1.2.840.10045.2.1'

function checkPoint(
  path: string,
  point: Bytes,
  { curve, family }: PublicKeyKind,
): readonly Finding[] {
  const fault = family === 'ed25519' ? edwardsFault(point) : undefined
  if (fault !== undefined) return [finding('key.point', path, `a point ${fault}`, 'a public key')]
  if (curve === undefined || isOnCurve(point, curve)) return []
  return [finding('key.point', path, 'a point off the curve', `a point of ${curve}`)]
}

function checkRsa(
  path: string,
  { known, spki }: DeviceKey,
  { modulus, exponent }: RsaNumbers,
  rule: KeyRule,
): readonly Finding[] {
  const rsaName: KeyKindName = 'RSA'
  if (!rule.kinds.includes(rsaName)) {
    return [finding('key.type', path, 'RSA', rule.kinds.join(', '))]
  }
  const size = checkSize(path, modulus, rule)
  const findings = [...size, ...checkExponent(path, exponent)]
  if (known === undefined && findings.length === 0) {
    findings.push(finding('key.type', path, keyText(spki), 'rsaEncryption with NULL parameters'))
  }
  // What follows computes with the modulus: one beyond the bounds may cost as much as it likes.
  return size.length > 0 ? findings : [...findings, ...checkModulus(path, numberOf(modulus))]
}

/** NIST SP 800-131A, CA/Browser Forum BR 6.1.5: bits in whole octets. */
function checkSize(path: string, modulus: Bytes, rule: KeyRule): readonly Finding[] {
  const wanted = `${rule.rsaBitsMin} to ${rule.rsaBitsMax} bits, a multiple of 8`
  const isNegative = (modulus[0] ?? 0) >= 0x80
  if (isNegative) return [finding('key.size', path, 'a negative modulus', wanted)]
  const bits = bitsOf(modulus)
  if (bits >= rule.rsaBitsMin && bits <= rule.rsaBitsMax && bits % 8 === 0) return []
  return [finding('key.size', path, `${bits} bits`, wanted)]
}

/** FIPS 186-5 A.1.1: an exponent is odd, above 2^16 and below 2^256. */
const exponentBitsMin = 17
const exponentBitsMax = 256

function checkExponent(path: string, exponent: Bytes): readonly Finding[] {
  const wanted = 'an odd number, at least 65537 and below 2^256'
  const isNegative = (exponent[0] ?? 0) >= 0x80
  if (isNegative) return [finding('key.exponent', path, 'a negative number', wanted)]
  const bits = bitsOf(exponent)
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
  if (isOdd && bits >= exponentBitsMin && bits <= exponentBitsMax) return []
  const found = bits <= 64 ? `${numberOf(exponent)}` : `a number of ${bits} bits`
  return [finding('key.exponent', path, found, wanted)]
}

function checkModulus(path: string, modulus: bigint): readonly Finding[] {
  const findings: Finding[] = []
  const factor = smallFactor(modulus)
  if (factor !== undefined) {
    findings.push(
      finding('key.weak.smallFactor', path, `divisible by ${factor}`, 'two large primes'),
    )
  }
  if (hasRocaFingerprint(modulus)) {
    findings.push(finding('key.weak.roca', path, 'the fingerprint of RSALib', 'random primes'))
  }
  if (hasClosePrimes(modulus)) {
    findings.push(
      finding('key.weak.closePrimes', path, 'factored by Fermat’s method', 'primes apart'),
    )
  }
  return findings
}
