import { expect, test } from 'vitest'
import { parseRfc2253 } from '#shared/wire/name-parser.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { leafFacts, leafPem } from '../../vectors/device.ts'

const read: readonly { name: string; text: string; attributes: readonly string[][] }[] = [
  { name: 'nothing', text: '', attributes: [] },
  {
    name: "ALB's example",
    text: 'CN=client_.com,OU=client-3,O=mTLS,ST=Washington,C=US',
    attributes: [['CN=client_.com'], ['OU=client-3'], ['O=mTLS'], ['ST=Washington'], ['C=US']],
  },
  {
    name: 'escapes, an octet beyond ASCII, a space at the end',
    text: leafFacts.subject,
    attributes: [['UID=0001'], ['CN=car-0001 '], ['OU=cars'], ['O=Acme, Wägen'], ['C=DE']],
  },
  {
    name: 'several attributes in one',
    text: 'UID=1+CN=a,O=b',
    attributes: [['UID=1', 'CN=a'], ['O=b']],
  },
  { name: 'an = in a value', text: 'CN=a=b', attributes: [['CN=a=b']] },
  { name: 'an empty value', text: 'CN=,O=', attributes: [['CN='], ['O=']] },
  {
    name: 'a dotted type',
    text: '2.3.4.5=#0C0568656C6C6F',
    attributes: [['2.3.4.5=#0C0568656C6C6F']],
  },
  {
    name: 'every escape',
    text: String.raw`CN=\,\+\"\\\<\>\;\#\=\ `,
    attributes: [['CN=,+"\\<>;#= ']],
  },
  { name: 'a character of two units', text: 'CN=🚗', attributes: [['CN=🚗']] },
]

test.each(read)('$name', ({ text, attributes }) => {
  const parsed = parseRfc2253(text)
  const written =
    parsed.ok && parsed.value.map((rdn) => rdn.map(({ type, value }) => `${type}=${value}`))
  expect(written).toEqual(attributes)
})

const refused = [
  {
    name: 'the seam of a repeated header',
    text: 'CN=a, CN=b',
    at: 5,
    expected: 'an attribute type and =',
  },
  {
    name: "CloudFront's forward order with spaces",
    text: 'C=US, CN=a',
    at: 5,
    expected: 'an attribute type and =',
  },
  { name: 'the older form', text: '/C=US/CN=a', at: 0, expected: 'an attribute type and =' },
  { name: 'no type', text: '=a', at: 0, expected: 'an attribute type and =' },
  { name: 'no =', text: 'CN', at: 0, expected: 'an attribute type and =' },
  { name: 'a comma at the end', text: 'CN=a,', at: 5, expected: 'an attribute type and =' },
  { name: 'a bare quote', text: 'CN="a"', at: 3, expected: 'an escaped character' },
  { name: 'a backslash at the end', text: 'CN=a\\', at: 4, expected: 'an escaped character' },
  {
    name: 'an escape that is none',
    text: String.raw`CN=\x`,
    at: 3,
    expected: 'an escaped character',
  },
  { name: 'octets that are not UTF-8', text: String.raw`CN=\C3`, at: 3, expected: 'UTF-8' },
]

test.each(refused)('refuses $name', ({ text, at, expected }) => {
  expect(parseRfc2253(text)).toEqual({ ok: false, error: { at, expected } })
})

test('reads what is written of a certificate', () => {
  const ders = decodePem(leafPem, 'CERTIFICATE')
  const leaf = parseCertificate(ders.ok ? (ders.value[0] ?? new Uint8Array()) : new Uint8Array())
  const text = leaf.ok ? rfc2253Name(leaf.value.subject) : leaf
  expect(text.ok && parseRfc2253(text.value).ok).toBe(true)
})
