import { describe, expect, test } from 'vitest'
import {
  compareBytes,
  concatBytes,
  equalBytes,
  equalInConstantTime,
  equalTextsInConstantTime,
  fromBase64,
  fromBase64Url,
  fromStrictBase64,
  repeatsAt,
  standsAt,
  tailOf,
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
    { name: 'spaces that make up for their length', text: 'Zm9vZ    g==', read: undefined },
    { name: 'a letter with the low octet of another', text: '\u0141UFB', read: undefined },
    { name: 'a Latin-1 letter', text: 'Zm9\u00c1', read: undefined },
    { name: 'padding inside', text: 'Zg==Zm9v', read: undefined },
    { name: 'padding that is too short', text: 'Zg=', read: undefined },
    { name: 'bits that the last octet does not take', text: 'Zh==', read: bytes(0x66) },
    { name: 'padding alone', text: '==', read: undefined },
  ])('fromBase64: $name', ({ text, read }) => {
    expect(fromBase64(text)).toEqual(read)
  })

  test.each([
    { name: 'padded', text: 'Zg==', read: bytes(0x66) },
    { name: 'whole', text: 'Zm9v', read: bytes(0x66, 0x6f, 0x6f) },
    { name: 'padding left out', text: 'Zg', read: undefined },
    { name: 'a bit too many before two signs', text: 'Zh==', read: undefined },
    { name: 'a bit too many before one', text: 'Zm9=', read: undefined },
    { name: 'nothing', text: '', read: undefined },
    { name: 'a line break', text: 'Zm9v\n', read: undefined },
    { name: 'a space for a character', text: 'Zm9 ', read: undefined },
    { name: 'a letter with the low octet of another', text: '\u0141UFB', read: undefined },
  ])('fromStrictBase64: $name', ({ text, read }) => {
    expect(fromStrictBase64(text)).toEqual(read)
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

const textOf = (octets: Uint8Array): string => String.fromCharCode(...octets)

test.each(pairs)('comparing: $name', ({ a, b, order }) => {
  expect(Math.sign(compareBytes(a, b))).toBe(order)
  expect(equalBytes(a, b)).toBe(order === 0)
  expect(equalInConstantTime(a, b)).toBe(order === 0)
  expect(equalTextsInConstantTime(textOf(a), textOf(b))).toBe(order === 0)
})

test('concatBytes keeps the order and copies', () => {
  const first = bytes(1)
  const whole = concatBytes(first, bytes(), bytes(2, 3))
  first[0] = 9
  expect(whole).toEqual(bytes(1, 2, 3))
})

describe('octets where they stand', () => {
  const whole = bytes(1, 2, 3, 1, 2, 4)

  test.each([
    { at: 0, wanted: [1, 2, 3], stands: true },
    { at: 3, wanted: [1, 2, 3], stands: false },
    { at: 4, wanted: [2, 4], stands: true },
    { at: 5, wanted: [4, 0], stands: false },
    { at: 6, wanted: [], stands: true },
  ])('$wanted at $at: $stands', ({ at, wanted, stands }) => {
    expect(standsAt(whole, at, bytes(...wanted))).toBe(stands)
  })

  test.each([
    { length: 0, repeats: true },
    { length: 2, repeats: true },
    { length: 3, repeats: false },
  ])('$length octets at 0 and at 3: $repeats', ({ length, repeats }) => {
    expect(repeatsAt(whole, 0, 3, length)).toBe(repeats)
  })
})

describe('long byte strings, which are compared in words', () => {
  const long = Uint8Array.from({ length: 131 }, (_, at) => at)

  test.each([0, 1, 2, 3])('that start %i octets into their buffer', (shift) => {
    const shifted = new Uint8Array(long.length + shift)
    shifted.set(long, shift)
    expect(equalBytes(long, shifted.subarray(shift))).toBe(true)
  })

  test('any octet that differs is found', () => {
    for (let at = 0; at < long.length; at += 1) {
      const other = long.slice()
      other[at] = (other[at] ?? 0) ^ 0x80
      expect(equalBytes(long, other)).toBe(false)
    }
  })
})

test.each([
  { octets: bytes(), tail: 0 },
  { octets: bytes(1), tail: 1 },
  { octets: bytes(9, 1, 2, 3, 4), tail: 0x01020304 },
  { octets: bytes(0xff, 0xff, 0xff, 0xff), tail: 0x3fff_ffff },
])('the tail of $octets is $tail', ({ octets, tail }) => {
  expect(tailOf(octets)).toBe(tail)
})
