import type { Bytes } from '#shared/bytes.ts'
import type { Curve } from '#shared/x509/algorithms.ts'
import { numberOf } from './numbers.ts'

/** SP 800-186 3.2.1: `y² = x³ - 3x + b` modulo `p`. */
interface Equation {
  readonly p: bigint
  readonly b: bigint
}

const equations: Readonly<Record<Curve, Equation>> = {
  'P-256': {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
}

/**
 * SP 800-56A 5.6.2.3.3: whether an uncompressed point (RFC 5480 2.2: 04, x, y) lies on its curve. All
 * its points but infinity, which has no such form, are of the curve's prime order.
 */
export function isOnCurve(point: Bytes, curve: Curve): boolean {
  const { p, b } = equations[curve]
  const octets = (point.length - 1) / 2
  const x = numberOf(point.subarray(1, 1 + octets))
  const y = numberOf(point.subarray(1 + octets))
  if (x >= p || y >= p) return false
  return (y * y - (x * x * x - 3n * x + b)) % p === 0n
}
