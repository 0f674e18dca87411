import { describe, expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { equalNames, nameKey } from '#shared/x509/name.ts'
import { element, octets, sequence, set } from '../der/writer.ts'
import { attribute, nameOf, type Attribute } from '../names.ts'

const printable = (text: string) => element(0x13, toUtf8(text))
const together = (...attributes: readonly Attribute[]) =>
  sequence(set(...attributes.map(attribute)))

describe('two Names are one (RFC 5280 7.1)', () => {
  test.each([
    { name: 'another case', a: nameOf(['O', 'Fleet']), b: nameOf(['O', 'fLEET']) },
    {
      name: 'another string type',
      a: nameOf(['O', 'Fleet']),
      b: nameOf(['O', printable('Fleet')]),
    },
    {
      name: 'BMPString',
      a: nameOf(['O', 'Ab']),
      b: nameOf(['O', element(0x1e, octets(0, 0x41, 0, 0x62))]),
    },
    {
      name: 'UniversalString',
      a: nameOf(['O', '\u{1F697}']),
      b: nameOf(['O', element(0x1c, octets(0, 1, 0xf6, 0x97))]),
    },
    {
      name: 'T61String',
      a: nameOf(['O', 'Müller']),
      b: nameOf(['O', element(0x14, octets(0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72))]),
    },
    { name: 'white space', a: nameOf(['O', 'My Fleet']), b: nameOf(['O', '  my \t fleet ']) },
    { name: 'case outside of ASCII', a: nameOf(['O', 'MÜLLER']), b: nameOf(['O', 'müller']) },
    { name: 'composed or not', a: nameOf(['O', 'M\u00fc']), b: nameOf(['O', 'Mu\u0308']) },
    {
      name: 'attributes of one RDN in another order',
      a: together(['O', 'Fleet'], ['CN', 'car']),
      b: together(['CN', 'CAR'], ['O', 'Fleet']),
    },
    { name: 'no attribute', a: sequence(), b: sequence() },
  ])('$name', ({ a, b }) => {
    expect(equalNames(a, b)).toBe(true)
    expect(nameKey(a)).toBe(nameKey(b))
  })
})

describe('two Names are two', () => {
  test.each([
    { name: 'another type', a: nameOf(['O', 'x']), b: nameOf(['CN', 'x']) },
    { name: 'another text', a: nameOf(['O', 'x']), b: nameOf(['O', 'y']) },
    { name: 'white space within', a: nameOf(['O', 'ab']), b: nameOf(['O', 'a b']) },
    {
      name: 'another order of RDNs',
      a: nameOf(['O', 'x'], ['CN', 'y']),
      b: nameOf(['CN', 'y'], ['O', 'x']),
    },
    {
      name: 'one RDN or two',
      a: nameOf(['O', 'x'], ['CN', 'y']),
      b: together(['O', 'x'], ['CN', 'y']),
    },
    { name: 'one more', a: nameOf(['O', 'x']), b: nameOf(['O', 'x'], ['O', 'x']) },
    {
      name: 'values that are no text, by their octets',
      a: nameOf(['O', element(0x04, toUtf8('a'))]),
      b: nameOf(['O', element(0x04, toUtf8('A'))]),
    },
    {
      name: 'octets that are no text and a text that says them',
      a: nameOf(['O', element(0x04, toUtf8('a'))]),
      b: nameOf(['O', '#040161']),
    },
    { name: 'what cannot be read', a: octets(0x30, 0x01, 0x61), b: octets(0x30, 0x01, 0x41) },
  ])('$name', ({ a, b }) => {
    expect(equalNames(a, b)).toBe(false)
  })
})
