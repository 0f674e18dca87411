import { expect, test } from 'vitest'
import { decodePem } from '#shared/wire/pem.ts'
import { chainHeaderLimits, decodeUrlPem, encodeUrlPem } from '#shared/wire/url-pem.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'

const chainPem = leafPem + intermediatePem
const decoded = decodePem(chainPem, 'CERTIFICATE')
const chain = decoded.ok ? decoded.value : []
const fully = encodeURIComponent(chainPem)
const begin = '-----BEGIN%20CERTIFICATE-----%0A'
const end = '%0A-----END%20CERTIFICATE-----%0A'
const block = (body: string): string => `${begin}${body}${end}`

const accepted = [
  { name: 'all encoded, as nginx', text: fully },
  { name: '+ = / raw, as ALB', text: encodeUrlPem(chain) },
  {
    name: 'only the padding encoded, as ALB documents it',
    text: encodeUrlPem(chain).replaceAll(/=(?==?%0A)/g, '%3D'),
  },
  { name: 'lower-case escapes', text: fully.replaceAll('%0A', '%0a').replaceAll('%2B', '%2b') },
  { name: 'no line end at the very end', text: fully.slice(0, -'%0A'.length) },
  { name: 'CRLF', text: fully.replaceAll('%0A', '%0D%0A') },
]

test.each(accepted)('reads a chain with $name', ({ text }) => {
  expect(decodeUrlPem(text)).toEqual({ ok: true, value: chain })
})

test('writes as ALB: + = / raw, spaces and line ends encoded', () => {
  const text = encodeUrlPem(chain)
  expect(text.startsWith(`${begin}MIICJTCCAcugAwIBAgIDAJ4qMAoGCCqGSM49`)).toBe(true)
  expect(text.endsWith(end)).toBe(true)
  expect(new Set(text.match(/%../g))).toEqual(new Set(['%20', '%0A']))
  expect(text).toContain('+')
  expect(text).toContain('/')
  expect(text).toContain('==%0A')
})

const refused = [
  { name: 'nothing', text: '', expected: '-----BEGIN CERTIFICATE-----' },
  { name: 'PEM that is not encoded', text: leafPem, expected: 'a URL-encoded character' },
  {
    name: 'a form-encoded space',
    text: block('MAA=').replaceAll('%20', '+'),
    expected: '-----BEGIN CERTIFICATE-----',
  },
  { name: 'a + that form decoding took', text: block('MA%20A'), expected: 'a base64 character' },
  {
    name: 'half an escape',
    text: `${block('MAA=')}%0`,
    expected: '% and two digits of a PEM character',
  },
  { name: 'a lone %', text: `${block('MAA=')}%`, expected: '% and two digits of a PEM character' },
  {
    name: 'an escape that is none',
    text: block('M%G0AA'),
    expected: '% and two digits of a PEM character',
  },
  { name: 'NUL', text: block('MAA=%00'), expected: '% and two digits of a PEM character' },
  {
    name: 'an octet beyond ASCII',
    text: block('MAA=%C3%A4'),
    expected: '% and two digits of a PEM character',
  },
  {
    name: 'twice encoded',
    text: encodeURIComponent(block('MAA=')),
    expected: '-----BEGIN CERTIFICATE-----',
  },
  { name: 'text before', text: `x${block('MAA=')}`, expected: '-----BEGIN CERTIFICATE-----' },
  {
    name: 'text between',
    text: `${block('MAA=')}x%0A${block('MAA=')}`,
    expected: '-----BEGIN CERTIFICATE-----',
  },
  {
    name: 'a blank line between',
    text: `${block('MAA=')}%0A${block('MAA=')}`,
    expected: '-----BEGIN CERTIFICATE-----',
  },
  { name: 'text after', text: `${block('MAA=')}x`, expected: '-----BEGIN CERTIFICATE-----' },
  {
    name: 'a repeated header',
    text: `${block('MAA=')},${block('MAA=')}`,
    expected: 'a URL-encoded character',
  },
  {
    name: 'a repeated header with a space',
    text: `${block('MAA=')}, ${block('MAA=')}`,
    expected: 'a URL-encoded character',
  },
]

test.each(refused)('refuses $name', ({ text, expected }) => {
  const read = decodeUrlPem(text)
  expect(read.ok ? 'read' : read.error.expected).toBe(expected)
})

test('the length is bounded by what arrives: 16 K unless told', () => {
  const text = block('A'.repeat(400))
  expect(decodeUrlPem(text, { lengthMax: text.length, certificatesMax: 1 }).ok).toBe(true)
  expect(decodeUrlPem(text, { lengthMax: text.length - 1, certificatesMax: 1 }).ok).toBe(false)
  const { lengthMax } = chainHeaderLimits
  expect(decodeUrlPem('A'.repeat(lengthMax + 1))).toEqual({
    ok: false,
    error: { at: lengthMax, expected: 'at most 16384 characters' },
  })
})

test('the number is bounded: ten are the last allowed', () => {
  expect(decodeUrlPem(block('MAA=').repeat(10)).ok).toBe(true)
  const eleven = decodeUrlPem(block('MAA=').repeat(11))
  expect(eleven.ok ? 'read' : eleven.error.expected).toBe('at most 10 certificates')
})
