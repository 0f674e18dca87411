import { expect, test } from 'vitest'
import { decodePem, encodePem } from '#shared/wire/pem.ts'
import { crlPem, intermediatePem, leafPem } from '../../vectors/device.ts'

const begin = '-----BEGIN CERTIFICATE-----'
const end = '-----END CERTIFICATE-----'
const block = (body: string): string => `${begin}\n${body}\n${end}\n`

function lengths(text: string): readonly number[] | { line: number; expected: string } {
  const read = decodePem(text, 'CERTIFICATE')
  return read.ok ? read.value.map((der) => der.length) : read.error
}

const accepted = [
  { name: 'one block', text: block('MAA='), bytes: [2] },
  { name: 'no line end at the very end', text: block('MAA=').trimEnd(), bytes: [2] },
  { name: 'CRLF', text: block('MAAA').replaceAll('\n', '\r\n'), bytes: [3] },
  { name: 'CR', text: block('MAAA').replaceAll('\n', '\r'), bytes: [3] },
  { name: 'two paddings', text: block('MA=='), bytes: [1] },
  { name: 'several blocks', text: block('MA==') + block('MAA='), bytes: [1, 2] },
  { name: 'text around the blocks', text: `# a root\n\n${block('MAA=')}\nend\n`, bytes: [2] },
  { name: 'a dashed line that is no fence', text: `a ----- b\n${block('MAA=')}`, bytes: [2] },
  { name: 'lines of 76', text: block(`${'A'.repeat(76)}\nMAAA`), bytes: [60] },
  { name: 'an OpenSSL leaf', text: leafPem, bytes: [553] },
  { name: 'a chain', text: leafPem + intermediatePem, bytes: [553, 450] },
]

test.each(accepted)('reads $name', ({ text, bytes }) => {
  expect(lengths(text)).toEqual(bytes)
})

const refused = [
  { name: 'nothing', text: '', line: 1, expected: begin },
  { name: 'text without a block', text: 'a\nb\n', line: 3, expected: begin },
  { name: 'another label', text: crlPem, line: 1, expected: begin },
  { name: 'another block beside', text: block('MAA=') + crlPem, line: 4, expected: begin },
  {
    name: 'a wrong closing label',
    text: block('MAA=').replace('END C', 'END X'),
    line: 3,
    expected: end,
  },
  { name: 'no closing fence', text: `${begin}\nMAA=\n`, line: 3, expected: end },
  { name: 'an empty body', text: block(''), line: 2, expected: 'a base64 character' },
  { name: 'a blank line', text: block('MAAA\n\nMAA='), line: 3, expected: 'a base64 character' },
  { name: 'a header', text: block('A: b\n\nMAA='), line: 2, expected: 'a base64 character' },
  { name: 'a space', text: block('MA A'), line: 2, expected: 'a base64 character' },
  { name: 'a letter outside ASCII', text: block('MAÄA'), line: 2, expected: 'a base64 character' },
  {
    name: 'something after padding',
    text: block('MA==\nMAAA'),
    line: 3,
    expected: 'nothing after the padding',
  },
  {
    name: 'too little padding',
    text: block('MA='),
    line: 3,
    expected: 'base64 that ends with whole octets',
  },
  {
    name: 'too much padding',
    text: block('MAA=='),
    line: 3,
    expected: 'base64 that ends with whole octets',
  },
  {
    name: 'padding of nothing',
    text: block('===='),
    line: 3,
    expected: 'base64 that ends with whole octets',
  },
  {
    name: 'a single character over',
    text: block('MAAAM'),
    line: 3,
    expected: 'base64 that ends with whole octets',
  },
  {
    name: 'bits behind the end',
    text: block('MB=='),
    line: 3,
    expected: 'base64 that ends with whole octets',
  },
  {
    name: 'a fence on the last line',
    text: `${begin}\nMAA=${end}\n`,
    line: 2,
    expected: 'a line end before the closing fence',
  },
  {
    name: 'text behind a fence',
    text: `${begin} x\nMAA=\n${end}\n`,
    line: 1,
    expected: `a line end after ${begin}`,
  },
]

test.each(refused)('refuses $name', ({ text, line, expected }) => {
  expect(lengths(text)).toEqual({ line, expected })
})

test('the bounds are the last allowed', () => {
  const text = block('MA==') + block('MA==')
  const limits = { lengthMax: text.length, blocksMax: 2 }
  expect(decodePem(text, 'CERTIFICATE', limits).ok).toBe(true)
  expect(decodePem(text, 'CERTIFICATE', { ...limits, lengthMax: text.length - 1 })).toEqual({
    ok: false,
    error: { line: 1, expected: `at most ${text.length - 1} characters` },
  })
  expect(decodePem(text, 'CERTIFICATE', { ...limits, blocksMax: 1 })).toEqual({
    ok: false,
    error: { line: 4, expected: 'at most 1 blocks' },
  })
})

const written = [
  { label: 'CERTIFICATE', pem: leafPem },
  { label: 'CERTIFICATE', pem: intermediatePem },
  { label: 'X509 CRL', pem: crlPem },
] as const

test.each(written)('writes a $label as OpenSSL does', ({ label, pem }) => {
  const read = decodePem(pem, label)
  expect(read.ok ? read.value.map((der) => encodePem(label, der)) : read.error).toEqual([pem])
})

test('a line of 64 characters is full', () => {
  expect(encodePem('CERTIFICATE', new Uint8Array(48))).toBe(block('A'.repeat(64)))
  expect(encodePem('CERTIFICATE', new Uint8Array(49))).toBe(block(`${'A'.repeat(64)}\nAA==`))
})
