import { expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { parseDer } from '#shared/der/reader.ts'
import { nameKey } from '#shared/x509/name.ts'
import { oddCharacterOf, passName } from '#shared/x509/name-syntax.ts'
import { element, integer, octets, oid, sequence, set } from '../der/writer.ts'

const numeric = 0x12
const printable = 0x13
const ia5 = 0x16

const nameOf = (tag: number, text: string) =>
  sequence(set(sequence(oid('2.5.4.3'), element(tag, toUtf8(text)))))

test.each([
  { name: 'digits and a space', tag: numeric, text: '01 9', says: 'ok' },
  { name: 'a letter', tag: numeric, text: '0a', says: 'NumericString of its own characters' },
  { name: 'the whole alphabet', tag: printable, text: "AZaz09 '()+,-./:=?", says: 'ok' },
  { name: 'nothing', tag: printable, text: '', says: 'ok' },
  { name: 'an asterisk', tag: printable, text: '*.a', says: 'ok' },
  { name: 'an at sign', tag: printable, text: 'a@b', says: 'ok' },
  { name: 'an underscore', tag: printable, text: 'a_b', says: 'ok' },
  {
    name: 'an ampersand',
    tag: printable,
    text: 'a&b',
    says: 'PrintableString of its own characters',
  },
  { name: 'a NUL', tag: printable, text: 'a\u0000', says: 'PrintableString of its own characters' },
  { name: 'an accent', tag: printable, text: 'é', says: 'PrintableString of its own characters' },
  { name: 'all of ASCII', tag: ia5, text: 'a@b_\u0000\u007f', says: 'ok' },
  { name: 'a letter beyond', tag: ia5, text: 'é', says: 'IA5String of its own characters' },
  { name: 'an accent where it may be', tag: 0x0c, text: 'é', says: 'ok' },
])('type $tag with $name: $says', ({ tag, text, says }) => {
  const read = parseDer(nameOf(tag, text), (reader) => passName(reader, 'a name'))
  expect(read.ok ? 'ok' : read.error.expected).toBe(says)
})

test.each([
  { tag: printable, text: "AZaz09 '()+,-./:=?", odd: undefined },
  { tag: printable, text: 'a@b*', odd: '*' },
  { tag: printable, text: 'a_', odd: '_' },
  { tag: 0x0c, text: 'a_', odd: undefined },
  { tag: ia5, text: 'a@', odd: undefined },
])('X.680 41.4: in "$text" of type $tag $odd is odd', ({ tag, text, odd }) => {
  expect(oddCharacterOf({ valueTag: tag, content: toUtf8(text) })).toBe(odd)
})

test('RFC 5280 7.1: a PrintableString of odd characters is the name that another string of them is', () => {
  for (const text of ['*.example.org', 'a@b', 'Part_7']) {
    expect(nameKey(nameOf(printable, text))).toBe(nameKey(nameOf(0x0c, text)))
  }
  expect(nameKey(nameOf(printable, 'part_7'))).not.toBe(nameKey(nameOf(printable, 'part 7')))
})

test.each([
  { name: 'no RDN', der: sequence() },
  { name: 'something else than a SET', der: sequence(integer(1)) },
  { name: 'something else than an attribute', der: sequence(set(integer(1))) },
  { name: 'an attribute without a value', der: sequence(set(sequence(oid('2.5.4.3')))) },
])('what is no Name is left to whoever reads it: $name', ({ der }) => {
  expect(parseDer(der, (reader) => passName(reader, 'a name')).ok).toBe(true)
})

test('an element that breaks off', () => {
  const read = parseDer(sequence(octets(0x31)), (reader) => passName(reader, 'a name'))
  expect(read.ok ? undefined : read.error.expected).toBe('a length')
})
