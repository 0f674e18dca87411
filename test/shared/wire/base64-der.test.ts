import { expect, test } from 'vitest'
import { toBase64, toHex, concatBytes, type Bytes } from '#shared/bytes.ts'
import { readBase64Der, readBase64Ders, readBase64OfDers } from '#shared/wire/base64-der.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { chainHeaderLimits } from '#shared/wire/url-pem.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const chain: readonly Bytes[] = decoded.ok ? decoded.value : []
const { lengthMax } = chainHeaderLimits

const ones = [
  { name: 'base64', text: 'MAA=', expected: '3000' },
  { name: 'padding left out', text: 'MAA', expected: '3000' },
  { name: 'nothing', text: '', expected: 'base64 of a certificate' },
  { name: 'base64url', text: '-_8=', expected: 'base64 of a certificate' },
  { name: 'PEM', text: leafPem, expected: 'base64 of a certificate' },
  { name: 'a line end', text: 'MA\nA=', expected: 'base64 of a certificate' },
  { name: 'a header that came twice', text: 'MAA=, MAA=', expected: 'base64 of a certificate' },
  { name: 'a space at the end', text: 'MAA= ', expected: 'base64 of a certificate' },
  {
    name: "Caddy's placeholder itself",
    text: '{tls_client_certificate_der_base64}',
    expected: 'base64 of a certificate',
  },
  {
    name: 'one character too many',
    text: 'A'.repeat(lengthMax + 1),
    expected: 'at most 16384 characters',
  },
]

test.each(ones)('one certificate: $name: $expected', ({ text, expected }) => {
  const read = readBase64Der(text)
  expect(read.ok ? toHex(read.value) : read.error.expected).toBe(expected)
})

const lists = [
  { name: 'one', text: 'MAA=', expected: ['3000'] },
  { name: 'two', text: 'MAA=,MQA=', expected: ['3000', '3100'] },
  { name: 'escaped for a URL', text: 'MAA%3D,MQA%3d', expected: ['3000', '3100'] },
  { name: 'an escaped + and /', text: 'Pj8%2B%2F/8%3D', expected: ['3e3f3effff'] },
  { name: 'a raw +, which stays', text: 'Pj8+//8=', expected: ['3e3f3effff'] },
  { name: 'a header that came twice', text: 'MAA=, MQA=', expected: 'base64 of a certificate' },
  { name: 'an empty part', text: 'MAA=,', expected: 'base64 of a certificate' },
  { name: 'nothing', text: '', expected: 'base64 of a certificate' },
  { name: 'a + that form decoding took', text: 'Pj8 //8=', expected: 'base64 of a certificate' },
  { name: 'an escaped comma', text: 'MAA%3D%2CMQA%3D', expected: 'base64 of a certificate' },
  { name: 'escaped twice', text: 'MAA%253D', expected: 'base64 of a certificate' },
  { name: 'PEM without its fences torn', text: 'MA!A=', expected: 'base64 of a certificate' },
]

test.each(lists)('a list: $name: $expected', ({ text, expected }) => {
  const read = readBase64Ders(text)
  expect(read.ok ? read.value.map(toHex) : read.error.expected).toEqual(expected)
})

test('a list is bounded in number and length', () => {
  expect(readBase64Ders(Array(10).fill('MAA=').join(',')).ok).toBe(true)
  const eleven = readBase64Ders(Array(11).fill('MAA=').join(','))
  expect(eleven.ok ? '' : eleven.error.expected).toBe('at most 10 certificates')
  const long = readBase64Ders(`MAA=,${'A'.repeat(lengthMax)}`)
  expect(long.ok ? '' : long.error.expected).toBe('at most 16384 characters')
})

test('certificates one after another are told apart by their DER', () => {
  expect(readBase64OfDers(toBase64(concatBytes(...chain)))).toEqual({ ok: true, value: chain })
})

const sequences = [
  { name: 'one', text: 'MAA=', expected: ['3000'] },
  { name: 'an octet behind the last', text: 'MAAw', expected: 'a length' },
  { name: 'no SEQUENCE', text: 'MQA=', expected: 'a certificate' },
  { name: 'nothing', text: '', expected: 'base64 of a certificate' },
  { name: 'eleven', text: btoa('0\0'.repeat(11)), expected: 'at most 10 certificates' },
]

test.each(sequences)('one after another: $name: $expected', ({ text, expected }) => {
  const read = readBase64OfDers(text)
  expect(read.ok ? read.value.map(toHex) : read.error.expected).toEqual(expected)
})
