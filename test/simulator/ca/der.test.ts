import { expect, test } from 'vitest'
import { toHex } from '#shared/bytes.ts'
import { instantFromIso as at } from '#shared/time.ts'
import { bitString, element, integer, objectIdentifier, time } from '#simulator/ca/der.ts'
import { toPem } from '#simulator/ca/pem.ts'

test.each([
  { length: 0, header: '0400' },
  { length: 127, header: '047f' },
  { length: 128, header: '048180' },
  { length: 255, header: '0481ff' },
  { length: 256, header: '04820100' },
  { length: 65_535, header: '0482ffff' },
  { length: 65_536, header: '0483010000' },
  { length: 16_777_215, header: '0483ffffff' },
])('X.690 10.1: $length octets begin with $header', ({ length, header }) => {
  const written = element(0x04, new Uint8Array(length))
  expect(toHex(written.subarray(0, written.length - length))).toBe(header)
})

test('longer than that is refused', () => {
  expect(() => element(0x04, new Uint8Array(16_777_216))).toThrow(RangeError)
})

test.each([
  { octets: [], der: '020100' },
  { octets: [0, 0], der: '020100' },
  { octets: [0x7f], der: '02017f' },
  { octets: [0x80], der: '02020080' },
  { octets: [0, 0x80], der: '02020080' },
  { octets: [0, 1, 0], der: '02020100' },
])('X.690 8.3: the integer of $octets is $der', ({ octets, der }) => {
  expect(toHex(integer(Uint8Array.from(octets)))).toBe(der)
})

test.each([
  { dotted: '2.5.29.15', der: '0603551d0f' },
  { dotted: '1.2.840.10045.4.3.2', der: '06082a8648ce3d040302' },
])('X.690 8.19: $dotted', ({ dotted, der }) => {
  expect(toHex(objectIdentifier(dotted))).toBe(der)
})

test('RFC 5280 4.2.1.3: one bit set, seven unused', () => {
  expect(toHex(bitString(Uint8Array.of(0x80), 7))).toBe('03020780')
})

test.each([
  { iso: '2049-12-31T23:59:59Z', tag: 0x17, text: '491231235959Z' },
  { iso: '2050-01-01T00:00:00Z', tag: 0x18, text: '20500101000000Z' },
])('RFC 5280 4.1.2.5: $iso as $text', ({ iso, tag, text }) => {
  const written = time(at(iso))
  expect(written[0]).toBe(tag)
  expect(new TextDecoder().decode(written.subarray(2))).toBe(text)
})

test.each([47, 48, 49, 96])('PEM of %d octets has no empty line', (length) => {
  const pem = toPem('CERTIFICATE', new Uint8Array(length))
  expect(pem).not.toMatch(/\n\n/)
  expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]*\n-----END CERTIFICATE-----\n$/)
})
