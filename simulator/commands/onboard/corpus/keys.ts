import {
  checkPrimeSync,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  generatePrimeSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { concatBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { bitString, element, integer, objectIdentifier, sequence } from '#simulator/ca/der.ts'

/** A key that signs as X.509 wants it, sound or not. */
export interface CorpusKeys {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Bytes
  /** DER of the AlgorithmIdentifier of its signatures. */
  readonly algorithm: Bytes
  readonly sign: (signed: Bytes) => Bytes
}

const nul = element(0x05)

/** AlgorithmIdentifiers of signatures (RFC 5758, 4055, 8410, 3279). */
export const signatureAlgorithms = {
  ecdsaSha256: sequence(objectIdentifier('1.2.840.10045.4.3.2')),
  ecdsaSha384: sequence(objectIdentifier('1.2.840.10045.4.3.3')),
  ecdsaSha1: sequence(objectIdentifier('1.2.840.10045.4.1')),
  rsaSha256: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nul),
  rsaMd5: sequence(objectIdentifier('1.2.840.113549.1.1.4'), nul),
  ed25519: sequence(objectIdentifier('1.3.101.112')),
} as const

export function p256Keys(): CorpusKeys {
  return ecKeys('P-256')
}

export function ecKeys(
  namedCurve: string,
  paramEncoding: 'named' | 'explicit' = 'named',
): CorpusKeys {
  return fromPair(generateKeyPairSync('ec', { namedCurve, paramEncoding }), 'sha256')
}

export function p384Keys(): CorpusKeys {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return { ...fromPair(pair, 'sha384'), algorithm: signatureAlgorithms.ecdsaSha384 }
}

export function rsaKeys(modulusLength: number, publicExponent = 0x10001): CorpusKeys {
  const pair = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return { ...fromPair(pair, 'sha256'), algorithm: signatureAlgorithms.rsaSha256 }
}

export function ed25519Keys(): CorpusKeys {
  return {
    ...fromPair(generateKeyPairSync('ed25519'), null),
    algorithm: signatureAlgorithms.ed25519,
  }
}

/** A P-256 key that signs over SHA-1. */
export function sha1Keys(): CorpusKeys {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...fromPair(pair, 'sha1'), algorithm: signatureAlgorithms.ecdsaSha1 }
}

function fromPair(
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  hash: string | null,
): CorpusKeys {
  return {
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    algorithm: signatureAlgorithms.ecdsaSha256,
    sign: (signed) => new Uint8Array(sign(hash, signed, privateKey)),
  }
}

/** RFC 9500 2.3, testECCP256: a key that is printed, and so is nobody's. */
export function publishedKeys(): CorpusKeys {
  const point = [
    'QiVI-I-3gv-17KN0RFLHKh5Vj71vc75eSOkyMsxFxbE',
    'bEzRDEy41bihcTnpSILImSVymTQl9BQZq36QpCpJQnI',
  ] as const
  const d = '5stb3YCqRa6clejBVHZnn_7JU8FoUecR50OTlYnGT8E'
  const jwk = { kty: 'EC', crv: 'P-256', x: point[0], y: point[1], d }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  const head = sequence(
    objectIdentifier('1.2.840.10045.2.1'),
    objectIdentifier('1.2.840.10045.3.1.7'),
  )
  const octets = point.map((each) => new Uint8Array(Buffer.from(each, 'base64url')))
  return {
    spki: sequence(head, bitString(concatBytes(Uint8Array.of(4), ...octets))),
    algorithm: signatureAlgorithms.ecdsaSha256,
    sign: (signed) => new Uint8Array(sign('sha256', signed, privateKey)),
  }
}

/** The same key with another SubjectPublicKeyInfo written beside its signatures. */
export function withSpki(keys: CorpusKeys, spki: Bytes): CorpusKeys {
  return { ...keys, spki }
}

/** RFC 8017 A.1.1, in a SubjectPublicKeyInfo (RFC 3279 2.3.1). */
export function rsaSpki(modulus: bigint, exponent: bigint): Bytes {
  const head = sequence(objectIdentifier('1.2.840.113549.1.1.1'), nul)
  const key = sequence(integer(octetsOf(modulus)), integer(octetsOf(exponent)))
  return sequence(head, bitString(key))
}

/** An RSA key of two primes that somebody chose badly; it signs by RFC 8017 8.2.1, with BigInt. */
export function rsaKeysOf(p: bigint, q: bigint, exponent = 0x10001n): CorpusKeys {
  const modulus = p * q
  const d = inverse(exponent, (p - 1n) * (q - 1n))
  return {
    spki: rsaSpki(modulus, exponent),
    algorithm: signatureAlgorithms.rsaSha256,
    sign: (signed) => rsaSignature(signed, modulus, d),
  }
}

/** Two primes next to each other (CVE-2022-26320). */
export function closePrimeKeys(): CorpusKeys {
  for (;;) {
    const p = generatePrimeSync(1024, { bigint: true })
    const q = primeFrom(p + 2n)
    if ((p * q).toString(2).length === 2048 && isCoprime(p) && isCoprime(q)) return rsaKeysOf(p, q)
  }
}

/** A modulus of 2048 bits with the prime 751, the last one that is too small; OpenSSL sets a prime's highest two bits. */
export function smallFactorKeys(): CorpusKeys {
  for (;;) {
    const q = generatePrimeSync(2038, { bigint: true })
    if ((751n * q).toString(2).length === 2048 && isCoprime(q)) return rsaKeysOf(751n, q)
  }
}

/** An even modulus. */
export function evenModulusKeys(): CorpusKeys {
  return rsaKeysOf(2n, generatePrimeSync(2047, { bigint: true, safe: false }))
}

/** Infineon's RSALib (CVE-2017-15361): for keys of 1984 to 3936 bits M is the product of the first 126 primes. */
const rocaPrimes = 126

/** A key as RSALib made them: primes of the form `k * M + (65537^a mod M)`. */
export function rocaKeys(): CorpusKeys {
  const product = firstPrimes(rocaPrimes).reduce((all, prime) => all * prime, 1n)
  for (;;) {
    const [p, q] = [rocaPrime(product), rocaPrime(product)]
    if ((p * q).toString(2).length === 2048 && isCoprime(p) && isCoprime(q)) return rsaKeysOf(p, q)
  }
}

function rocaPrime(product: bigint): bigint {
  for (;;) {
    const a = generatePrimeSync(62, { bigint: true })
    // Multipliers that make primes of 1024 bits, the highest two of them set.
    const k = (3n << 1022n) / product + (generatePrimeSync(40, { bigint: true }) % 2n ** 39n)
    const candidate = k * product + power(0x10001n, a, product)
    if (candidate.toString(2).length === 1024 && checkPrimeSync(candidate)) return candidate
  }
}

function firstPrimes(count: number): readonly bigint[] {
  const primes: bigint[] = []
  for (let candidate = 2n; primes.length < count; candidate += 1n) {
    if (primes.every((prime) => candidate % prime !== 0n)) primes.push(candidate)
  }
  return primes
}

/** Whether 65537 has an inverse beside this prime. */
function isCoprime(prime: bigint): boolean {
  return (prime - 1n) % 0x10001n !== 0n
}

function primeFrom(start: bigint): bigint {
  let candidate = start
  while (!checkPrimeSync(candidate)) candidate += 2n
  return candidate
}

/** RFC 8017 9.2: DigestInfo of SHA-256 before the digest itself. */
const digestInfo = sequenceStart('3031300d060960864801650304020105000420')

function sequenceStart(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** RFC 8017 8.2.1: RSASSA-PKCS1-v1_5. */
function rsaSignature(signed: Bytes, modulus: bigint, d: bigint): Bytes {
  const length = octetsOf(modulus).length
  const digest = new Uint8Array(createHash('sha256').update(signed).digest())
  const padding = new Uint8Array(length - 3 - digestInfo.length - digest.length).fill(0xff)
  const message = concatBytes(Uint8Array.of(0, 1), padding, Uint8Array.of(0), digestInfo, digest)
  const signature = octetsOf(power(BigInt(`0x${toHex(message)}`), d, modulus))
  return concatBytes(new Uint8Array(length - signature.length), signature)
}

/** Big-endian octets of a number that is not negative. */
export function octetsOf(number: bigint): Bytes {
  const hex = number.toString(16)
  return new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** The inverse of a number, by Euclid’s algorithm. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [number, modulus, 1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return ((x % modulus) + modulus) % modulus
}
