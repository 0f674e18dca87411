import { describe, expect, test } from 'vitest'
import { dottedOid, readOid } from '#shared/der/oid.ts'
import { DerReader, parseDer, readerAt, tag } from '#shared/der/reader.ts'
import { readTime } from '#shared/der/time.ts'
import { integer, octets, octetString, oid, sequence, utcTime } from './writer.ts'

/** The characters beside the digits in ASCII, and some further off, at every place of a time. */
const places = Array.from({ length: 12 }, (_, place) => place)

describe.each(['/', ':', ' ', '+', 'a'])('RFC 5280 4.1.2.5: "%s" is no digit', (character) => {
  test.each(places)('at place %i', (place) => {
    const digits = '200101000000'
    const text = `${digits.slice(0, place)}${character}${digits.slice(place + 1)}Z`
    expect(parseDer(utcTime(text), (reader) => readTime(reader, 'a time')).ok).toBe(false)
    expect(parseDer(utcTime(`${digits}Z`), (reader) => readTime(reader, 'a time')).ok).toBe(true)
  })
})

/** X.690 8.19.4: the first octets hold 40 times the first arc and the second one. */
test.each(['0.0', '0.39', '1.0', '1.39', '2.0', '2.39', '2.40'])('the identifier %s', (dotted) => {
  expect(dottedOid(oid(dotted).subarray(2))).toBe(dotted)
})

/** Two to the power of 64, which no number holds exactly. */
const largeArc = [0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]

test.each([
  { start: [0x27], dotted: '0.39.18446744073709551616' },
  { start: [0x28], dotted: '1.0.18446744073709551616' },
  { start: [0x4f], dotted: '1.39.18446744073709551616' },
  { start: [0x50], dotted: '2.0.18446744073709551616' },
  { start: [0x88, 0x37], dotted: '2.999.18446744073709551616' },
])('an arc of 65 bits: $dotted', ({ start, dotted }) => {
  expect(dottedOid(octets(...start, ...largeArc))).toBe(dotted)
})

describe('nothing is read beyond the end of the open element', () => {
  /** Two INTEGERs, of which the reader is to see one. */
  const two = octets(...integer(5), ...integer(7))

  test('no tag, no element, no integer', () => {
    const reader = new DerReader(two, 0, 3)
    expect(reader.smallInteger('the first')).toBe(5)
    expect(reader.done).toBe(true)
    expect(reader.nextTag).toBe(-1)
    expect(() => reader.skip('another')).toThrow('expected another')
    expect(() => reader.element(tag.integer, 'another')).toThrow('expected another')
    expect(() => reader.smallInteger('another')).toThrow('expected another')
    expect(() => reader.open(tag.integer, 'another')).toThrow('at byte 3: expected another')
  })

  test('what is open is done at its end, and no sooner', () => {
    const reader = new DerReader(two, 0, 3)
    expect(reader.done).toBe(false)
    expect(reader.openOptional(tag.sequence, 'another')).toBe(-1)
    expect(reader.openOptional(tag.integer, 'the first')).toBe(3)
    expect(reader.done).toBe(false)
  })

  test('an element that ends with the open one is read, one octet more is not', () => {
    expect(new DerReader(two, 3, 6).smallInteger('the second')).toBe(7)
    expect(() => new DerReader(two, 3, 5).smallInteger('the second')).toThrow('enclosing element')
  })
})

test.each([
  { content: [0x7f], says: 127 },
  { content: [0x80], says: undefined },
  { content: [0x00, 0x80], says: 128 },
  { content: [0x7f, 0xff, 0xff, 0xff], says: 0x7fff_ffff },
  { content: [0x00, 0x80, 0x00, 0x00, 0x00], says: undefined },
])('a small integer of $content: $says', ({ content, says }) => {
  const read = parseDer(integer(...content), (reader) => reader.smallInteger('a number'))
  expect(read.ok ? read.value : undefined).toBe(says)
})

test('lengths of 127 and 128 octets, in their shortest forms', () => {
  for (const length of [127, 128]) {
    const content = new Uint8Array(length).fill(1)
    const header = length < 128 ? [0x04, length] : [0x04, 0x81, length]
    const read = parseDer(octets(...header, ...content), (reader) => reader.content(0x04, 'octets'))
    expect(read.ok && read.value).toEqual(content)
  }
  const long = octets(0x04, 0x81, 127, ...new Uint8Array(127))
  expect(parseDer(long, (reader) => reader.content(0x04, 'octets')).ok).toBe(false)
})

test('a reader at an element that was passed over reads it, and what stands behind it', () => {
  const two = octets(...integer(5), ...integer(7))
  const reader = new DerReader(two)
  expect(reader.pass(tag.integer, 'the first')).toBe(0)
  const second = reader.pass(tag.integer, 'the second')
  expect(readerAt(two, second).smallInteger('the second')).toBe(7)
  expect(readerAt(two, 0).smallInteger('the first')).toBe(5)
})

describe('an identifier is read from where it stands, not from the first octet', () => {
  const largest = [0x2a, ...Array<number>(63).fill(1)]
  test.each([
    { title: 'as long as may be', content: largest, says: true },
    { title: 'an octet longer', content: [...largest, 1], says: false },
  ])('$title', ({ content, says }) => {
    const behind = sequence(
      octetString(new Uint8Array(100)),
      octets(0x06, content.length, ...content),
    )
    const read = parseDer(behind, (reader) => {
      const outer = reader.open(tag.sequence, 'both')
      reader.skip('octets')
      const found = readOid(reader, 'an identifier')
      reader.close(outer)
      return found
    })
    expect(read.ok).toBe(says)
  })
})
