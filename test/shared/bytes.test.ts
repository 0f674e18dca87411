import { describe, expect, test } from 'vitest'
import {
  compareBytes,
  concatBytes,
  equalBytes,
  equalInConstantTime,
  fromBase64,
  fromBase64Url,
  toBase64,
  toBase64Url,
  toHex,
} from '#shared/bytes.ts'

const bytes = (...values: readonly number[]) => Uint8Array.from(values)

describe('base64 (RFC 4648)', () => {
  test.each([
    { name: 'nothing', octets: bytes(), padded: '', url: '' },
    { name: 'one octet', octets: bytes(0x66), padded: 'Zg==', url: 'Zg' },
    { name: 'two octets', octets: bytes(0x66, 0x6f), padded: 'Zm8=', url: 'Zm8' },
    { name: 'three octets', octets: bytes(0x66, 0x6f, 0x6f), padded: 'Zm9v', url: 'Zm9v' },
    { name: 'digits 62 and 63', octets: bytes(0xfb, 0xff), padded: '+/8=', url: '-_8' },
  ])('$name, there and back', ({ octets, padded, url }) => {
    expect(toBase64(octets)).toBe(padded)
    expect(toBase64Url(octets)).toBe(url)
    expect(fromBase64(padded)).toEqual(octets)
    expect(fromBase64Url(url)).toEqual(octets)
  })

  test.each([
    { name: 'padding left out is read', text: 'Zg', read: bytes(0x66) },
    { name: 'a length that cannot be', text: 'Z', read: undefined },
    { name: 'three padding signs', text: 'Z===', read: undefined },
    { name: 'a sign outside the alphabet', text: 'Zm9-', read: undefined },
    { name: 'a line break', text: 'Zm9v\n', read: undefined },
  ])('fromBase64: $name', ({ text, read }) => {
    expect(fromBase64(text)).toEqual(read)
  })

  test('fromBase64Url takes no padding', () => {
    expect(fromBase64Url('Zg==')).toBeUndefined()
  })
})

test('toHex writes two digits for each octet', () => {
  expect(toHex(bytes(0, 0x0a, 0xff))).toBe('000aff')
})

const pairs = [
  { name: 'the same', a: bytes(1, 2), b: bytes(1, 2), order: 0 },
  { name: 'a prefix comes first', a: bytes(1), b: bytes(1, 0), order: -1 },
  { name: 'octets are unsigned', a: bytes(0x7f), b: bytes(0x80), order: -1 },
  { name: 'the last octet decides', a: bytes(1, 3), b: bytes(1, 2), order: 1 },
]

test.each(pairs)('comparing: $name', ({ a, b, order }) => {
  expect(Math.sign(compareBytes(a, b))).toBe(order)
  expect(equalBytes(a, b)).toBe(order === 0)
  expect(equalInConstantTime(a, b)).toBe(order === 0)
})

test('concatBytes keeps the order and copies', () => {
  const first = bytes(1)
  const whole = concatBytes(first, bytes(), bytes(2, 3))
  first[0] = 9
  expect(whole).toEqual(bytes(1, 2, 3))
})
