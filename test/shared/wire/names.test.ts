import { expect, test } from 'vitest'
import { concatBytes, type Bytes } from '#shared/bytes.ts'
import { legacyName, rfc2253Name } from '#shared/wire/names.ts'

const utf8 = 0x0c
const printable = 0x13
const t61 = 0x14
const universal = 0x1c
const bitString = 0x03
const sequence = 0x30
const bmp = 0x1e
const oids = {
  CN: [0x55, 4, 3],
  C: [0x55, 4, 6],
  O: [0x55, 4, 10],
  UID: [9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 100, 1, 1],
  emailAddress: [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 1],
  /** 2.3.4.5 */
  unknown: [0x53, 4, 5],
}
type Attribute = readonly [
  type: keyof typeof oids,
  tag: number,
  content: string | readonly number[],
]

/** One element; contents here are shorter than 128 octets. */
function element(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = concatBytes(...parts)
  return concatBytes(Uint8Array.of(tag, content.length), content)
}

function attribute([type, tag, content]: Attribute): Bytes {
  const octets =
    typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content)
  return element(0x30, element(6, Uint8Array.from(oids[type])), element(tag, octets))
}

const nameOf = (rdns: readonly (readonly Attribute[])[]): Bytes =>
  element(0x30, ...rdns.map((rdn) => element(0x31, ...rdn.map(attribute))))

const whole: readonly {
  name: string
  rdns: readonly (readonly Attribute[])[]
  rfc: string
  legacy: string
}[] = [
  { name: 'no RDN', rdns: [], rfc: '', legacy: '' },
  {
    name: 'the order',
    rdns: [[['C', printable, 'US']], [['O', utf8, 'mTLS']], [['CN', utf8, 'a']]],
    rfc: 'CN=a,O=mTLS,C=US',
    legacy: '/C=US/O=mTLS/CN=a',
  },
  {
    name: 'a multi-valued RDN',
    rdns: [
      [['C', printable, 'US']],
      [
        ['CN', utf8, 'a'],
        ['UID', utf8, '1'],
      ],
    ],
    rfc: 'UID=1+CN=a,C=US',
    legacy: '/C=US/CN=a+UID=1',
  },
  {
    name: 'an unknown type',
    rdns: [[['unknown', utf8, 'hello']]],
    rfc: '2.3.4.5=#0C0568656C6C6F',
    legacy: '/2.3.4.5=hello',
  },
  {
    name: 'an address',
    rdns: [[['emailAddress', 0x16, 'a@b.example']]],
    rfc: 'emailAddress=a@b.example',
    legacy: '/emailAddress=a@b.example',
  },
]

test.each(whole)('$name', ({ rdns, rfc, legacy }) => {
  expect(rfc2253Name(nameOf(rdns))).toEqual({ ok: true, value: rfc })
  expect(legacyName(nameOf(rdns))).toEqual({ ok: true, value: legacy })
})

const values: readonly {
  tag: number
  content: string | readonly number[]
  rfc: string
  legacy: string
}[] = [
  { tag: utf8, content: '', rfc: '', legacy: '' },
  { tag: utf8, content: 'a=b', rfc: 'a=b', legacy: 'a=b' },
  { tag: utf8, content: ',+"\\<>;', rfc: String.raw`\,\+\"\\\<\>\;`, legacy: String.raw`,\+"\<>;` },
  { tag: utf8, content: 'a/b', rfc: 'a/b', legacy: String.raw`a\/b` },
  { tag: utf8, content: ' a b ', rfc: String.raw`\ a b\ `, legacy: ' a b ' },
  { tag: utf8, content: '  ', rfc: String.raw`\ \ `, legacy: '  ' },
  { tag: utf8, content: ' ', rfc: String.raw`\ `, legacy: ' ' },
  { tag: utf8, content: '#a#', rfc: String.raw`\#a#`, legacy: '#a#' },
  { tag: utf8, content: '#', rfc: '#', legacy: '#' },
  { tag: utf8, content: 'ä', rfc: String.raw`\C3\A4`, legacy: String.raw`\xC3\xA4` },
  {
    tag: utf8,
    content: 'a\0b\n\u007f',
    rfc: String.raw`a\00b\0A\7F`,
    legacy: String.raw`a\x00b\x0A\x7F`,
  },
  { tag: t61, content: [0x41, 0xe4], rfc: String.raw`A\C3\A4`, legacy: String.raw`A\xE4` },
  {
    tag: bmp,
    content: [0, 0x41, 0x20, 0xac],
    rfc: String.raw`A\E2\82\AC`,
    legacy: String.raw`\x00A \xAC`,
  },
  {
    tag: universal,
    content: [0, 1, 0xf6, 0x97],
    rfc: String.raw`\F0\9F\9A\97`,
    legacy: String.raw`\x00\x01\xF6\x97`,
  },
  {
    tag: universal,
    content: [0, 0, 0xd7, 0xff],
    rfc: String.raw`\ED\9F\BF`,
    legacy: String.raw`\x00\x00\xD7\xFF`,
  },
  {
    tag: universal,
    content: [0, 0x10, 0xff, 0xff],
    rfc: String.raw`\F4\8F\BF\BF`,
    legacy: String.raw`\x00\x10\xFF\xFF`,
  },
  { tag: bitString, content: [1, 0xfe], rfc: '#030201FE', legacy: String.raw`\xFE` },
  { tag: sequence, content: [5, 0], rfc: '#30020500', legacy: String.raw`0\x02\x05\x00` },
]

test.each(values)('the value $rfc', ({ tag, content, rfc, legacy }) => {
  const der = nameOf([[['CN', tag, content]]])
  expect(rfc2253Name(der)).toEqual({ ok: true, value: `CN=${rfc}` })
  expect(legacyName(der)).toEqual({ ok: true, value: `/CN=${legacy}` })
})

const broken = [
  { name: 'half a BMP character', der: nameOf([[['CN', bmp, [0, 0x41, 0]]]]) },
  { name: 'a surrogate', der: nameOf([[['CN', bmp, [0xd8, 0]]]]) },
  { name: 'the last surrogate', der: nameOf([[['CN', universal, [0, 0, 0xdf, 0xff]]]]) },
  { name: 'a number beyond Unicode', der: nameOf([[['CN', universal, [0, 0x11, 0, 0]]]]) },
  { name: 'text that is not UTF-8', der: nameOf([[['CN', utf8, [0x41, 0xc3]]]]) },
  { name: 'the same under an unknown type', der: nameOf([[['unknown', utf8, [0xff]]]]) },
  { name: 'half a universal character', der: nameOf([[['CN', universal, [0, 0]]]]) },
  { name: 'an empty RDN', der: Uint8Array.of(0x30, 2, 0x31, 0) },
  { name: 'trailing bytes', der: concatBytes(nameOf([]), Uint8Array.of(0)) },
  { name: 'no bytes', der: new Uint8Array() },
  { name: 'a length that is not minimal', der: Uint8Array.of(0x30, 0x81, 0) },
  {
    name: 'an attribute without a value',
    der: element(0x30, element(0x31, element(0x30, element(6, Uint8Array.from(oids.CN))))),
  },
]

test.each(broken)('refuses $name', ({ der }) => {
  expect(rfc2253Name(der).ok).toBe(false)
  expect(legacyName(der).ok).toBe(false)
})

test.each([printable, t61, bmp, bitString])('tag %i: what is written goes into a header', (tag) => {
  const der = nameOf([[['CN', tag, Array.from({ length: 100 }, (_, octet) => 2 * octet)]]])
  const [rfc, legacy] = [rfc2253Name(der), legacyName(der)]
  expect(rfc.ok ? rfc.value : '\n').toMatch(/^[ -~]*$/)
  expect(legacy.ok ? legacy.value : '\n').toMatch(/^[ -~]*$/)
})

test('a long dotted type breaks off where OpenSSL breaks it off', () => {
  const arcs = Array.from({ length: 40 }, () => 0x7f)
  const der = element(
    0x30,
    element(0x31, element(0x30, element(6, Uint8Array.from(arcs)), element(utf8))),
  )
  const read = legacyName(der)
  expect(read.ok ? read.value.length : 0).toBe('/='.length + 79)
})

test('a Name inside a larger buffer names its fault from its own start', () => {
  const der = nameOf([[['CN', bmp, [0]]]])
  const larger = concatBytes(new Uint8Array(5), der)
  expect(rfc2253Name(larger.subarray(5))).toEqual(rfc2253Name(der))
})
