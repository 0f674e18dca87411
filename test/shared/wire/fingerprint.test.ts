import { expect, test } from 'vitest'
import { toHex } from '#shared/bytes.ts'
import { isSha256Of, readSha256 } from '#shared/wire/fingerprint.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem, 'CERTIFICATE')
const [leaf = new Uint8Array()] = decoded.ok ? decoded.value : []
const hex = '3e2ebbfbd2f822ab5dec017ad34a30d4773227fe9efa2df277cd2db6425e2c4b'
const base64 = 'Pi67+9L4Iqtd7AF600ow1HcyJ/6e+i3yd80ttkJeLEs='

const spellings = [
  { name: 'Envoy, CloudFront header, Caddy: lower-case hexadecimal', text: hex },
  { name: 'upper-case hexadecimal', text: hex.toUpperCase() },
  { name: 'Google Cloud: base64', text: base64 },
  {
    name: "CloudFront's event: base64url with padding",
    text: base64.replaceAll('+', '-').replaceAll('/', '_'),
  },
  { name: 'without padding', text: base64.replace('=', '') },
]

test.each(spellings)('$name', async ({ text }) => {
  const read = readSha256(text)
  expect(read.ok && toHex(read.value)).toBe(hex)
  expect(read.ok && (await isSha256Of(read.value, leaf))).toBe(true)
})

const refused = [
  { name: 'nothing', text: '' },
  { name: 'SHA-1, as nginx and Application Gateway have it', text: hex.slice(0, 40) },
  { name: 'a digit less', text: hex.slice(1) },
  { name: 'a digit more', text: `${hex}0` },
  { name: 'a letter that is no digit', text: `g${hex.slice(1)}` },
  { name: 'a character that is not base64', text: `!${base64.slice(1)}` },
  { name: 'a header that came twice', text: `${hex}, ${hex}` },
  { name: 'a white space', text: ` ${hex}` },
]

test.each(refused)('refuses $name', ({ text }) => {
  expect(readSha256(text)).toEqual({
    ok: false,
    error: { at: 0, expected: 'a SHA-256 fingerprint' },
  })
})

test('another certificate has another fingerprint', async () => {
  const read = readSha256(hex)
  const bent = leaf.with(0, 0x31)
  expect(read.ok && (await isSha256Of(read.value, new Uint8Array(bent)))).toBe(false)
})
