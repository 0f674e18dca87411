import { oddPrimesBelow, residuesBy } from './numbers.ts'

/** CA/Browser Forum BR 6.1.6: a modulus has no factor smaller than 752. */
const smallPrimes = oddPrimesBelow(752)
const smallResidues = residuesBy(smallPrimes)

/** The smallest prime factor of a modulus that is below 752; undefined where there is none. */
export function smallFactor(modulus: bigint): number | undefined {
  if (modulus % 2n === 0n) return 2
  const at = smallResidues(modulus).indexOf(0)
  return at === -1 ? undefined : smallPrimes[at]
}

/**
 * The primes of the fingerprint of CVE-2017-15361 (Nemec et al., "The Return of Coppersmith's
 * Attack", ACM CCS 2017, section 2.2): RSALib's primes are `k * M + (65537^a mod M)` with M the
 * product of the first primes, so that modulus and factors are powers of 65537 modulo each of them.
 */
const fingerprintPrimes = oddPrimesBelow(168)
const fingerprintResidues = residuesBy(fingerprintPrimes)
const generator = 65537

/** For each prime, which residues are powers of 65537. */
const powers = fingerprintPrimes.map((prime) => {
  const isPower = new Uint8Array(prime)
  for (let power = 1; isPower[power] !== 1; power = (power * generator) % prime) isPower[power] = 1
  return isPower
})

/**
 * Whether a modulus bears the mark of Infineon's RSALib, whose keys of usual sizes can be factored.
 * Of random moduli one in some 2^27 does (the product of the shares of residues that are powers).
 */
export function hasRocaFingerprint(modulus: bigint): boolean {
  return fingerprintResidues(modulus).every((residue, at) => powers[at]?.[residue] === 1)
}

/** CA/Browser Forum BR 6.1.1.3: keys are refused that Fermat's method factors within 100 rounds. */
const fermatRounds = 100

/**
 * Whether the two primes of a modulus are so close that Fermat's method finds them (CVE-2022-26320):
 * `modulus = a² - b²` for an `a` just above its square root.
 */
export function hasClosePrimes(modulus: bigint): boolean {
  if (modulus % 2n === 0n) return false
  const root = squareRoot(modulus)
  let a = root * root === modulus ? root : root + 1n
  let square = a * a - modulus
  for (let round = 0; round < fermatRounds; round += 1) {
    if (isSquare(square)) return true
    square += 2n * a + 1n
    a += 1n
  }
  return false
}

/** Of a number modulo 2^6 as of a square: 12 of 64 residues are left, which spares most square roots. */
const squaresModulo64 = new Set(Array.from({ length: 64 }, (_, root) => (root * root) % 64))

/** Of a number modulo 63 * 65 * 11, of which one in sixteen is left. */
const oddModulus = 63 * 65 * 11
const squaresModuloOdd = new Set(
  Array.from({ length: oddModulus }, (_, root) => (root * root) % oddModulus),
)

function isSquare(number: bigint): boolean {
  if (!squaresModulo64.has(Number(number & 63n))) return false
  if (!squaresModuloOdd.has(Number(number % BigInt(oddModulus)))) return false
  const root = squareRoot(number)
  return root * root === number
}

/** The integer part of a square root, by Newton's method from a power of two above it. */
function squareRoot(number: bigint): bigint {
  if (number < 2n) return number
  const bits = number.toString(16).length * 4
  let root = 1n << BigInt(Math.ceil(bits / 2))
  for (;;) {
    const next = (root + number / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
