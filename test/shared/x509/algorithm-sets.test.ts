import { describe, expect, test } from 'vitest'
import {
  algorithmInSet,
  algorithmSets,
  isKeyInSet,
  oldAlgorithms,
  type AlgorithmSet,
} from '#shared/x509/algorithm-sets.ts'
import { publicKeyOf } from '#shared/x509/algorithms.ts'
import { bitString, integer, nul, oid, sequence } from '../der/writer.ts'
import { keyNames, pssIdentifier, sameKeys } from '../keys.ts'

const { modern, alb, fips } = algorithmSets
const old = oldAlgorithms({ rsaBitsMin: 1024, sha1: 'accept' })

/** An RSA key of so many bits: its modulus is no product of primes, which nobody looks at here. */
function rsaKey(bits: number, exponent: readonly number[]) {
  const octetsOfModulus = Math.ceil(bits / 8)
  const top = 2 ** ((bits - 1) % 8)
  const modulus = [top, ...Array.from({ length: octetsOfModulus - 1 }, () => 0xff)]
  const key = sequence(integer(...(top >= 0x80 ? [0] : []), ...modulus), integer(...exponent))
  return publicKeyOf(sequence(sequence(oid('1.2.840.113549.1.1.1'), nul), bitString(key)))
}

function takenBy(set: AlgorithmSet, key: ReturnType<typeof publicKeyOf>): boolean {
  return key !== undefined && isKeyInSet(key, set)
}

const f4 = [1, 0, 1]

describe('RSA keys', () => {
  test.each([
    { bits: 2048, exponent: f4, modern: true, alb: true, fips: true },
    { bits: 2047, exponent: f4, modern: false, alb: false, fips: false },
    { bits: 8192, exponent: f4, modern: true, alb: true, fips: true },
    { bits: 8193, exponent: f4, modern: false, alb: false, fips: false },
    { bits: 2052, exponent: f4, modern: false, alb: true, fips: true },
    { bits: 2049, exponent: f4, modern: false, alb: true, fips: false },
    { bits: 2048, exponent: [3], modern: true, alb: true, fips: false },
    { bits: 2048, exponent: [1], modern: false, alb: false, fips: false },
    { bits: 2048, exponent: [1, 0, 0], modern: false, alb: false, fips: false },
    { bits: 1024, exponent: f4, modern: false, alb: false, fips: false },
  ])('of $bits bits, exponent $exponent', ({ bits, exponent, ...taken }) => {
    const key = rsaKey(bits, exponent)
    expect(key?.rsa?.bits).toBe(bits)
    const says = { modern: takenBy(modern, key), alb: takenBy(alb, key), fips: takenBy(fips, key) }
    expect(says).toEqual(taken)
  })

  test('fewer bits where an old suite asks for them, and no fewer than that', () => {
    expect(takenBy(old, rsaKey(1024, f4))).toBe(true)
    expect(takenBy(old, rsaKey(1016, f4))).toBe(false)
    expect(takenBy(oldAlgorithms({ sha1: 'refuse' }), rsaKey(1024, f4))).toBe(false)
  })

  test.each([
    { octets: [1, 0, 1], number: 65_537n },
    { octets: [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff], number: 2n ** 47n - 1n },
    { octets: [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], number: 2n ** 48n - 1n },
    { octets: [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], number: 2n ** 55n - 1n },
  ])('the exponent $number to its last bit', ({ octets, number }) => {
    expect(rsaKey(2048, octets)?.rsa?.exponent).toBe(number)
  })

  test('an exponent of 256 bits is the longest that is read at all', () => {
    const longest = [0x7f, ...Array.from({ length: 31 }, () => 0xff)]
    expect(takenBy(modern, rsaKey(2048, longest))).toBe(true)
    expect(rsaKey(2048, [1, ...longest])).toBeUndefined()
  })
})

describe.each(keyNames)('keys of %s', (keyName) => {
  test('are in every set, but Ed25519 in ALB’s', async () => {
    const { spki, algorithm } = await sameKeys(keyName)
    for (const set of [modern, fips, alb]) {
      const isTaken = keyName !== 'Ed25519' || set !== alb
      expect(takenBy(set, publicKeyOf(spki))).toBe(isTaken)
      expect(algorithmInSet(algorithm, set) !== undefined).toBe(isTaken)
    }
  })
})

describe('SHA-1', () => {
  test.each([
    { name: 'with RSA', identifier: sequence(oid('1.2.840.113549.1.1.5'), nul) },
    { name: 'with ECDSA', identifier: sequence(oid('1.2.840.10045.4.1')) },
  ])('$name is in no set but the one that no configuration names', ({ identifier }) => {
    for (const set of Object.values(algorithmSets)) {
      expect(algorithmInSet(identifier, set)).toBeUndefined()
    }
    expect(algorithmInSet(identifier, oldAlgorithms({ sha1: 'refuse' }))).toBeUndefined()
    expect(algorithmInSet(identifier, old)?.hash).toBe('SHA-1')
  })

  test('a set without a hash has no PSS with it either', () => {
    const without = { ...modern, hashes: ['SHA-512'] } as const
    expect(algorithmInSet(pssIdentifier(1, 32), without)).toBeUndefined()
    expect(algorithmInSet(pssIdentifier(3, 64), without)?.hash).toBe('SHA-512')
  })
})
