import type { Bytes } from '#shared/bytes.ts'
import { numberOf } from './numbers.ts'

/** RFC 8032 5.1: edwards25519 is `-x² + y² = 1 + d x² y²` modulo `p`. */
const p = 2n ** 255n - 19n
const d = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n

/** The `y` of a point of order 8: the prime order of the group times a point outside of it. */
const orderEight = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n

/** The `y` of all points of orders 4, 1, 2 and 8: signatures by such keys fit whatever is signed. */
const smallOrders: ReadonlySet<bigint> = new Set([0n, 1n, p - 1n, orderEight, p - orderEight])

/** Why 32 octets are no Ed25519 key; undefined where they are one (RFC 8032 5.1.3). */
export function edwardsFault(key: Bytes): 'off the curve' | 'of small order' | undefined {
  const octets = key.toReversed()
  // The highest bit is the sign of x.
  octets[0] = (octets[0] ?? 0) & 0x7f
  const y = numberOf(octets)
  if (y >= p) return 'off the curve'
  if (smallOrders.has(y)) return 'of small order'
  // x² = u / v has a solution where u v is a square, which Euler's criterion tells.
  const [u, v] = [y * y - 1n, d * y * y + 1n]
  return power((u * v) % p, (p - 1n) / 2n) === 1n ? undefined : 'off the curve'
}

/** `base^exponent` modulo `p`, by squares. */
function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % p
    square = (square * square) % p
  }
  return result
}
