import { expect, test } from 'vitest'
import { dottedOid, readOid } from '#shared/der/oid.ts'
import { parseDer } from '#shared/der/reader.ts'
import { element, octets, oid } from './writer.ts'

test.each([
  { name: 'the lowest', content: [0x00], dotted: '0.0' },
  { name: 'the last below 1', content: [0x27], dotted: '0.39' },
  { name: 'the first of 1', content: [0x28], dotted: '1.0' },
  { name: 'the last of 1', content: [0x4f], dotted: '1.39' },
  { name: 'the first of 2', content: [0x50], dotted: '2.0' },
  { name: 'second arcs of 2 go past 39', content: [0x88, 0x37, 0x03], dotted: '2.999.3' },
  { name: 'an arc of two octets', content: [0x2b, 0x81, 0x00], dotted: '1.3.128' },
  { name: 'extKeyUsage', content: [0x55, 0x1d, 0x25], dotted: '2.5.29.37' },
  {
    name: 'an arc that no Number holds (X.667)',
    content: [0x69, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    dotted: '2.25.18446744073709551617',
  },
])('X.690 8.19: $name, $dotted', ({ content, dotted }) => {
  expect(dottedOid(octets(...content))).toBe(dotted)
})

test.each([
  { name: 'nothing', content: [] },
  { name: 'cut off inside an arc', content: [0x2b, 0x81] },
  { name: 'an arc that starts with padding', content: [0x2b, 0x80, 0x01] },
  { name: 'a first arc that starts with padding', content: [0x80, 0x01] },
  { name: 'more octets than any profile has', content: Array.from({ length: 65 }, () => 0x2a) },
])('refused: $name', ({ content }) => {
  expect(dottedOid(octets(...content))).toBeUndefined()
})

test('as long as the bound, and no longer', () => {
  expect(dottedOid(octets(...Array.from({ length: 64 }, () => 0x2a)))?.split('.').length).toBe(65)
})

const read = (bytes: ReturnType<typeof octets>) =>
  parseDer(bytes, (reader) => readOid(reader, 'extnID'))

test('the reader reads one, and tells where none is', () => {
  expect(read(oid('1.3.6.1.5.5.7.3.2'))).toEqual({ ok: true, value: '1.3.6.1.5.5.7.3.2' })
  expect(read(element(0x06))).toEqual({
    ok: false,
    error: { offset: 0, expected: 'extnID as a well-formed identifier' },
  })
  expect(read(octets(0x05, 0x00))).toEqual({ ok: false, error: { offset: 0, expected: 'extnID' } })
})
