import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import { octets, sequence } from './writer.ts'

/** An OCTET STRING of so many octets behind just these length octets. */
const octetString = (length: readonly number[], count: number): Bytes =>
  octets(0x04, ...length, ...Array.from({ length: count }, () => 0x61))

const content = (reader: DerReader): Bytes => reader.content(tag.octetString, 'text')

describe('lengths (X.690 10.1)', () => {
  test.each([
    { name: 'none', length: [0x00], count: 0 },
    { name: 'the longest of the short form', length: [0x7f], count: 127 },
    { name: 'the shortest of one octet', length: [0x81, 0x80], count: 128 },
    { name: 'the longest of one octet', length: [0x81, 0xff], count: 255 },
    { name: 'the shortest of two octets', length: [0x82, 0x01, 0x00], count: 256 },
    { name: 'the longest of two octets', length: [0x82, 0xff, 0xff], count: 65_535 },
    { name: 'the shortest of three octets', length: [0x83, 0x01, 0x00, 0x00], count: 65_536 },
  ])('read: $name', ({ length, count }) => {
    const read = parseDer(octetString(length, count), content)
    expect(read.ok && read.value.length).toBe(count)
  })

  test.each([
    { name: 'the long form where the short one does', length: [0x81, 0x7f], count: 127 },
    { name: 'a leading zero in two octets', length: [0x82, 0x00, 0xff], count: 255 },
    { name: 'a leading zero in three octets', length: [0x83, 0x00, 0xff, 0xff], count: 65_535 },
    { name: 'nothing in four octets', length: [0x84, 0, 0, 0, 0], count: 0 },
  ])('refused: $name', ({ length, count }) => {
    const read = parseDer(octetString(length, count), content)
    expect(read).toEqual({
      ok: false,
      error: { offset: 0, expected: 'a length in its shortest form' },
    })
  })

  test.each([
    { name: 'the indefinite form', length: [0x80], count: 4 },
    { name: 'five octets of length', length: [0x85, 0, 0, 0, 0, 1], count: 1 },
    { name: 'the reserved octet', length: [0xff], count: 1 },
  ])('refused: $name', ({ length, count }) => {
    const read = parseDer(octetString(length, count), content)
    expect(read).toEqual({
      ok: false,
      error: { offset: 0, expected: 'a definite length of at most four octets' },
    })
  })

  test.each([
    { name: 'no length at all', bytes: octets(0x04), expected: 'a length' },
    { name: 'a length cut off', bytes: octets(0x04, 0x82, 0x01), expected: 'a length' },
    {
      name: 'one octet more than there is',
      bytes: octetString([0x03], 2),
      expected: 'text within its enclosing element',
    },
    {
      name: 'the largest of four octets',
      bytes: octetString([0x84, 0xff, 0xff, 0xff, 0xff], 1),
      expected: 'text within its enclosing element',
    },
    { name: 'nothing', bytes: octets(), expected: 'text' },
  ])('refused: $name', ({ bytes, expected }) => {
    expect(parseDer(bytes, content)).toEqual({ ok: false, error: { offset: 0, expected } })
  })
})

describe('tags', () => {
  test('another one than expected', () => {
    expect(parseDer(octets(0x05, 0x00), content)).toEqual({
      ok: false,
      error: { offset: 0, expected: 'text' },
    })
  })

  test('the constructed form of a primitive', () => {
    expect(parseDer(octets(0x24, 0x00), content).ok).toBe(false)
  })

  test.each([{ first: 0x1f }, { first: 0x3f }, { first: 0x9f }, { first: 0xbf }])(
    'of more octets than one are refused: $first',
    ({ first }) => {
      const read = parseDer(octets(first, 0x20, 0x00), (reader) => reader.skip('anything'))
      expect(read).toEqual({ ok: false, error: { offset: 0, expected: 'a tag of one octet' } })
    },
  )
})

const twoIn = (bytes: Bytes) =>
  parseDer(bytes, (reader) => {
    const outer = reader.open(tag.sequence, 'pair')
    const first = reader.boolean('first')
    const second = reader.boolean('second')
    reader.close(outer)
    return [first, second]
  })

describe('the bounds of elements', () => {
  const yes = octets(0x01, 0x01, 0xff)

  test('an element read to its end', () => {
    expect(twoIn(sequence(yes, yes))).toEqual({ ok: true, value: [true, true] })
  })

  test.each([
    {
      name: 'octets behind the last part',
      bytes: sequence(yes, yes, yes),
      offset: 8,
      expected: 'the end of the element',
    },
    {
      name: 'octets behind the whole',
      bytes: octets(...sequence(yes, yes), 0x00),
      offset: 8,
      expected: 'the end of the element',
    },
    { name: 'a part too few', bytes: sequence(yes), offset: 5, expected: 'second' },
    {
      name: 'a part that reaches out of its element',
      bytes: octets(0x30, 0x05, ...yes, 0x01, 0x01, 0xff),
      offset: 5,
      expected: 'second within its enclosing element',
    },
    {
      name: 'a part whose length lies outside its element',
      bytes: octets(0x30, 0x04, ...yes, 0x01, 0x01, 0xff),
      offset: 5,
      expected: 'a length',
    },
  ])('refused: $name', ({ bytes, offset, expected }) => {
    expect(twoIn(bytes)).toEqual({ ok: false, error: { offset, expected } })
  })

  test('an optional element that is not there moves nothing', () => {
    const read = parseDer(yes, (reader) => {
      const there = reader.openOptional(tag.sequence, 'pair')
      return [there, reader.boolean('flag')]
    })
    expect(read).toEqual({ ok: true, value: [-1, true] })
  })

  test('views are of the very buffer, wherever in it they begin', () => {
    const whole = octets(9, 9, ...sequence(yes), 9)
    const part = whole.subarray(2, 7)
    const read = parseDer(part, (reader) => reader.element(tag.sequence, 'pair'))
    expect(read.ok && read.value.buffer).toBe(whole.buffer)
    expect(read.ok && read.value).toEqual(sequence(yes))
  })

  test('at the end there is no next tag', () => {
    const tags = parseDer(yes, (reader) => {
      const before = reader.nextTag
      reader.skip('flag')
      return [before, reader.nextTag, reader.done]
    })
    expect(tags).toEqual({ ok: true, value: [0x01, -1, true] })
  })

  test('a fault of the parse itself is no fault of the bytes: it is thrown on', () => {
    const fault = new TypeError('ours')
    const parse = () =>
      parseDer(yes, () => {
        throw fault
      })
    expect(parse).toThrow(fault)
  })
})

const integer = (...values: readonly number[]) =>
  parseDer(octets(0x02, values.length, ...values), (reader) => reader.integer('number'))

const small = (...values: readonly number[]) =>
  parseDer(octets(0x02, values.length, ...values), (reader) => reader.smallInteger('count'))

describe('INTEGER (X.690 8.3.2)', () => {
  test.each([
    { name: 'zero', values: [0x00] },
    { name: 'the largest of one octet', values: [0x7f] },
    { name: 'the smallest that takes a sign octet', values: [0x00, 0x80] },
    { name: 'minus one', values: [0xff] },
    { name: 'the smallest of one octet', values: [0x80] },
    { name: 'the largest negative of two octets', values: [0xff, 0x7f] },
  ])('read: $name', ({ values }) => {
    expect(integer(...values)).toEqual({ ok: true, value: octets(...values) })
  })

  test.each([
    { name: 'no octets', values: [], expected: 'number with content' },
    { name: 'a zero too many', values: [0x00, 0x7f], expected: 'number in its shortest form' },
    { name: 'two zeros', values: [0x00, 0x00], expected: 'number in its shortest form' },
    {
      name: 'a sign octet too many',
      values: [0xff, 0x80],
      expected: 'number in its shortest form',
    },
  ])('refused: $name', ({ values, expected }) => {
    expect(integer(...values)).toEqual({ ok: false, error: { offset: 0, expected } })
  })

  test.each([
    { values: [0x00], number: 0 },
    { values: [0x7f], number: 127 },
    { values: [0x00, 0x80], number: 128 },
    { values: [0x01, 0x00], number: 256 },
    { values: [0x7f, 0xff, 0xff, 0xff], number: 2_147_483_647 },
  ])('a small one: $number', ({ values, number }) => {
    expect(small(...values)).toEqual({ ok: true, value: number })
  })

  test.each([
    { name: 'below zero', values: [0xff] },
    { name: 'from 2^31 on', values: [0x00, 0x80, 0x00, 0x00, 0x00] },
  ])('no small one: $name', ({ values }) => {
    const error = { offset: 0, expected: 'count from 0 to 2^31 - 1' }
    expect(small(...values)).toEqual({ ok: false, error })
  })
})

const boolean = (bytes: Bytes) => parseDer(bytes, (reader) => reader.boolean('flag'))

describe('BOOLEAN (X.690 11.1)', () => {
  test.each([
    { octet: 0x00, value: false },
    { octet: 0xff, value: true },
  ])('$octet', ({ octet, value }) => {
    expect(boolean(octets(0x01, 0x01, octet))).toEqual({ ok: true, value })
  })

  test.each([
    { name: 'BER knows more that is true', bytes: octets(0x01, 0x01, 0x01) },
    { name: 'all but true', bytes: octets(0x01, 0x01, 0xfe) },
    { name: 'nothing', bytes: octets(0x01, 0x00) },
    { name: 'two octets', bytes: octets(0x01, 0x02, 0xff, 0xff) },
  ])('refused: $name', ({ bytes }) => {
    const error = { offset: 0, expected: 'flag as 00 or FF' }
    expect(boolean(bytes)).toEqual({ ok: false, error })
  })
})

const named = (...values: readonly number[]) =>
  parseDer(octets(0x03, values.length, ...values), (reader) => reader.namedBits('usage'))

const aligned = (...values: readonly number[]) =>
  parseDer(octets(0x03, values.length, ...values), (reader) => reader.octetAlignedBits('key'))

describe('BIT STRING', () => {
  test.each([
    { name: 'no bits', values: [0x00], bits: [] },
    { name: 'the first bit', values: [0x07, 0x80], bits: [0x80] },
    { name: 'the last bit of an octet', values: [0x00, 0x01], bits: [0x01] },
    { name: 'the ninth bit', values: [0x07, 0x00, 0x80], bits: [0x00, 0x80] },
    { name: 'a zero bit at the end', values: [0x06, 0x80], bits: [0x80] },
    { name: 'nine bits, the last zero', values: [0x07, 0x80, 0x00], bits: [0x80, 0x00] },
  ])('named bits (X.690 11.2.2): $name', ({ values, bits }) => {
    expect(named(...values)).toEqual({ ok: true, value: octets(...bits) })
  })

  test.each([
    { name: 'no count of unused bits', values: [], expected: 'usage' },
    { name: 'eight unused bits', values: [0x08, 0x80], expected: 'usage' },
    { name: 'unused bits of nothing', values: [0x01], expected: 'usage' },
    { name: 'an unused bit that is set', values: [0x01, 0x81], expected: 'usage zero-padded' },
  ])('refused: $name', ({ values, expected }) => {
    expect(named(...values)).toEqual({ ok: false, error: { offset: 0, expected } })
  })

  test('whole octets', () => {
    expect(aligned(0x00, 0x12, 0x34)).toEqual({ ok: true, value: octets(0x12, 0x34) })
  })

  test.each([
    { name: 'a part of an octet', values: [0x01, 0x12] },
    { name: 'no count of unused bits', values: [] },
  ])('refused: $name', ({ values }) => {
    const error = { offset: 0, expected: 'key of whole octets' }
    expect(aligned(...values)).toEqual({ ok: false, error })
  })
})
