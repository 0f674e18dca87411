import { expect, test } from 'vitest'
import { edwardsFault } from '#shared/enrollment/keys/edwards.ts'
import { readKey } from '#shared/enrollment/keys/read-key.ts'
import { newKeys } from '../keys.ts'

/** Little-endian octets of a y, the sign of x in the highest bit. */
function keyOf(y: bigint, sign = 0): Uint8Array<ArrayBuffer> {
  const octets = Uint8Array.from({ length: 32 }, (_, at) => Number((y >> BigInt(8 * at)) & 0xffn))
  octets[31] = (octets[31] ?? 0) | (sign << 7)
  return octets
}

const p = 2n ** 255n - 19n
const orderEight = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n

test('a key that was made is none of these', async () => {
  expect(edwardsFault(readKey((await newKeys('Ed25519')).spki).octets)).toBeUndefined()
})

test.each([
  { name: 'y 0, of order 4', y: 0n, fault: 'of small order' },
  { name: 'y 1, of order 1', y: 1n, fault: 'of small order' },
  { name: 'y -1, of order 2', y: p - 1n, fault: 'of small order' },
  { name: 'one y of order 8', y: orderEight, fault: 'of small order' },
  { name: 'the other', y: p - orderEight, fault: 'of small order' },
  { name: 'y 2, for which there is no x', y: 2n, fault: 'off the curve' },
  { name: 'y 3, for which there is one', y: 3n, fault: undefined },
  { name: 'the last y', y: p - 3n, fault: undefined },
  { name: 'y beyond the field', y: p, fault: 'off the curve' },
  { name: 'the highest y', y: 2n ** 255n - 1n, fault: 'off the curve' },
])('RFC 8032 5.1.3: $name: $fault', ({ y, fault }) => {
  expect(edwardsFault(keyOf(y))).toBe(fault)
  expect(edwardsFault(keyOf(y, 1))).toBe(fault)
})
