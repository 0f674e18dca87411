import { describe, expect, test } from 'vitest'
import {
  hasClosePrimes,
  hasRocaFingerprint,
  smallFactor,
} from '#shared/enrollment/keys/weak-rsa.ts'

/** Mersenne primes: large, and known to everybody. */
const large = 2n ** 1279n - 1n
const other = 2n ** 607n - 1n

describe('CA/Browser Forum BR 6.1.6: no factor below 752', () => {
  test.each([
    { factor: 2n, found: 2 },
    { factor: 3n, found: 3 },
    { factor: 167n, found: 167 },
    { factor: 751n, found: 751 },
    { factor: 757n, found: undefined },
  ])('$factor', ({ factor, found }) => {
    expect(smallFactor(large * factor)).toBe(found)
  })

  test('the smallest of several', () => {
    expect(smallFactor(large * 751n * 5n)).toBe(5)
  })
})

/** The smallest even number whose square is above this one, by halving. */
function evenRootAbove(square: bigint): bigint {
  let [below, above] = [0n, 2n ** 600n]
  while (above - below > 1n) {
    const middle = (below + above) / 2n
    if (middle * middle > square) above = middle
    else below = middle
  }
  return above % 2n === 0n ? above : above + 1n
}

/** An odd number that Fermat's method factors in a round of this number, counted from 0. */
function foundInRound(round: bigint): bigint {
  const a = 2n ** 1024n + 1n
  // ceil(sqrt(a² - b²)) is a - round for the smallest even b with b² / 2a above the round.
  const b = evenRootAbove(2n * a * round)
  return a * a - b * b
}

describe('CVE-2022-26320: 100 rounds of Fermat’s method', () => {
  test.each([
    { name: 'primes next to each other', modulus: foundInRound(0n), found: true },
    { name: 'the last round', modulus: foundInRound(99n), found: true },
    { name: 'the round behind it', modulus: foundInRound(100n), found: false },
    { name: 'a square', modulus: large * large, found: true },
    { name: 'primes of other sizes', modulus: large * other, found: false },
    { name: 'an even number', modulus: large * 2n, found: false },
  ])('$name: $found', ({ modulus, found }) => {
    expect(hasClosePrimes(modulus)).toBe(found)
  })
})

describe('CVE-2017-15361: the fingerprint of RSALib', () => {
  const primes = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n]

  test('a power of 65537 has it, whatever is added of the primes’ product', () => {
    expect(hasRocaFingerprint(65_537n ** 100n)).toBe(true)
    expect(hasRocaFingerprint(1n)).toBe(true)
  })

  test('others have not', () => {
    expect(hasRocaFingerprint(large * other)).toBe(false)
    for (const prime of primes) expect(hasRocaFingerprint(large * prime)).toBe(false)
  })

  test('of ten thousand odd numbers of all residues none has it by accident', () => {
    const start = large * other
    const found = Array.from({ length: 10_000 }, (_, at) => start + 2n * BigInt(at))
    expect(found.filter(hasRocaFingerprint)).toEqual([])
  })
})
