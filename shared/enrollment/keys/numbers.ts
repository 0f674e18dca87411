import { toHex, type Bytes } from '#shared/bytes.ts'

/** A number of big-endian octets that are its magnitude. */
export function numberOf(octets: Bytes): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${toHex(octets)}`)
}

/** How many bits a number of big-endian octets has; leading zeros do not count. */
export function bitsOf(octets: Bytes): number {
  const first = octets.findIndex((octet) => octet !== 0)
  if (first === -1) return 0
  return (octets.length - first) * 8 - Math.clz32(octets[first] ?? 0) + 24
}

/** The odd primes below a bound, by Eratosthenes’ sieve. */
export function oddPrimesBelow(bound: number): readonly number[] {
  const isComposite = new Uint8Array(bound)
  const primes: number[] = []
  for (let candidate = 3; candidate < bound; candidate += 2) {
    if (isComposite[candidate] === 1) continue
    primes.push(candidate)
    for (let at = candidate * candidate; at < bound; at += candidate) isComposite[at] = 1
  }
  return primes
}

/** A number modulo each of some small primes, by one division of a large number. */
export function residuesBy(primes: readonly number[]): (number: bigint) => readonly number[] {
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n)
  const moduli = primes.map(BigInt)
  return (number) => {
    const rest = number % product
    return moduli.map((prime) => Number(rest % prime))
  }
}
