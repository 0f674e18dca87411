import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import type { Bytes } from '#shared/bytes.ts'

/** A stream of chance. The only source of it in the simulated world: the same scope, the same draws. */
export interface Random {
  /** The next number in [0, 1), a multiple of 2^-53. */
  next(): number
}

/**
 * The stream of `seed` for one purpose, such as `stream(42, 'device', 'car-0001')`.
 *
 * Each scope has a generator of its own, so draws in one stream never move another, in whatever
 * order the streams are used.
 */
export function stream(seed: number, ...scope: readonly (string | number)[]): Random {
  // JSON keeps the parts apart: ('a', 'bc') and ('ab', 'c') and (1) and ('1') all differ.
  const name = JSON.stringify([seed, ...scope])
  const generator = xoroshiro128plusFromState(laneBases.map((base) => hash32(name, base)))
  return { next: () => uniformFloat64(generator) }
}

// Four starting points make four 32-bit hashes of one name: the 128 bits of the generator's state.
// They are the first digits of pi, e, the golden ratio and the square root of two.
const laneBases = [0x243f6a88, 0xb7e15162, 0x9e3779b9, 0x6a09e667] as const

/** A 32-bit hash of text, unsigned: FNV-1a over UTF-16 units, then murmur3's finalizer for avalanche. */
export function hash32(text: string, base = 0x811c9dc5): number {
  let hash = base
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** True with probability `ratio`, from 0 (never) to 1 (always). */
export function chance(random: Random, ratio: number): boolean {
  return random.next() < ratio
}

/** A number in [min, max), evenly spread. */
export function between(random: Random, min: number, max: number): number {
  return min + random.next() * (max - min)
}

/** A waiting time with the given mean, as between events that do not know of each other. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next())
}

/** One of `items`, each as likely as the other; throws a RangeError where there is none. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const index = Math.floor(random.next() * items.length)
  if (index >= items.length) throw new RangeError('there is nothing to pick from')
  return items[index] as Item
}

/** `items` in an order drawn from the stream (Fisher and Yates); the list itself stays as it is. */
export function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.next() * (last + 1))
    ;[shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item]
  }
  return shuffled
}

/** `count` octets. For serials and names of the simulated world, never for keys. */
export function bytes(random: Random, count: number): Bytes {
  return Uint8Array.from({ length: count }, () => Math.floor(random.next() * 256))
}
