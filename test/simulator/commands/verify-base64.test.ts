import { expect, test } from 'vitest'
import { fromBase64 } from '#shared/bytes.ts'
import { octetsOfBase64 } from '#simulator/commands/verify-base64.ts'

test.each([
  { name: 'as encoders write it', text: 'AQID', octets: [1, 2, 3] },
  { name: 'with padding', text: 'AQ==', octets: [1] },
  { name: 'padding left out', text: 'AQ', octets: [1] },
  { name: 'bits behind the last octet', text: 'AR==', octets: [1] },
  { name: 'nothing', text: '', octets: [] },
  { name: 'a space', text: 'AQ ID', octets: undefined },
  { name: 'a line end', text: 'AQID\n', octets: undefined },
  { name: 'base64url', text: '-_8=', octets: undefined },
  { name: 'a length that there is not', text: 'AQIDB', octets: undefined },
  { name: 'text behind the padding', text: 'AQ==AQ==', octets: undefined },
])('$name: what fromBase64 answers', ({ text, octets }) => {
  const found = octetsOfBase64(text)
  expect(found && [...found]).toEqual(octets)
  expect(found).toEqual(fromBase64(text))
})

test('octets of their own: a slice of them is a copy', () => {
  const octets = octetsOfBase64('AQID')
  const copy = octets?.slice()
  octets?.fill(0)
  expect(copy).toEqual(Uint8Array.of(1, 2, 3))
  expect(octets?.constructor).toBe(Uint8Array)
})
