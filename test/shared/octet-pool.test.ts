import { expect, test } from 'vitest'
import { createOctetPool } from '#shared/octet-pool.ts'

/** Of lengths around every bound: none, odd ones, a slab's quarter and more, a slab and more. */
const lengths = [0, 1, 7, 8, 9, 700, 701, 2047, 2048, 2049, 8192, 8193]

test('copies hold what was lent, whoever writes to it or asks for others afterwards', () => {
  const copied = createOctetPool()
  const copies = [...lengths, ...lengths, ...lengths].map((length, nth) => {
    const lent = new Uint8Array(length).fill(nth + 1)
    const copy = copied(lent)
    lent.fill(0xff)
    return { copy, expected: new Uint8Array(length).fill(nth + 1) }
  })
  for (const { copy, expected } of copies) expect(copy).toEqual(expected)
})

test('a view of what was lent is copied alone, to a place that words can be read from', () => {
  const copied = createOctetPool()
  const whole = Uint8Array.from({ length: 300 }, (_, at) => at & 0xff)
  copied(whole.subarray(0, 5))
  const copy = copied(whole.subarray(3, 203))
  expect(copy).toEqual(whole.subarray(3, 203))
  expect(copy.byteOffset % 4).toBe(0)
})

test('what is large keeps no slab', () => {
  const copied = createOctetPool()
  expect(copied(new Uint8Array(2049)).buffer.byteLength).toBe(2049)
  expect(copied(new Uint8Array(2048)).buffer.byteLength).toBe(8192)
})
