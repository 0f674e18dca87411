import { expect, test } from 'vitest'
import { toHex } from '#shared/bytes.ts'
import { decodePem } from '#shared/wire/pem.ts'
import {
  readClientCert,
  readClientCertChain,
  rfc9440Limits,
  writeClientCert,
  writeClientCertChain,
} from '#shared/wire/rfc9440.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const chain = decoded.ok ? decoded.value : []

function leafHex(text: string): string {
  const read = readClientCert(text)
  return read.ok ? toHex(read.value) : read.error.expected
}

function chainHex(text: string): readonly string[] | string {
  const read = readClientCertChain(text)
  return read.ok ? read.value.map(toHex) : read.error.expected
}

const leaves = [
  { name: 'a byte sequence', text: ':MAA=:', expected: '3000' },
  { name: 'spaces around it', text: '  :MAA=: ', expected: '3000' },
  { name: 'padding left out', text: ':MAA:', expected: '3000' },
  { name: 'nothing', text: '', expected: 'a byte sequence between colons' },
  { name: 'an empty sequence', text: '::', expected: 'base64 of a certificate' },
  { name: 'bare base64', text: 'MAA=', expected: 'a byte sequence between colons' },
  { name: 'an open sequence', text: ':MAA=', expected: 'a byte sequence between colons' },
  { name: 'base64url', text: ':-_8=:', expected: 'base64 of a certificate' },
  { name: 'a space inside', text: ':MA A:', expected: 'base64 of a certificate' },
  { name: 'impossible base64', text: ':MAAAA:', expected: 'base64 of a certificate' },
  { name: 'a repeated header', text: ':MAA=:, :MAA=:', expected: 'one byte sequence' },
  { name: 'parameters, without meaning', text: ':MAA=:;a=1; b="x:"', expected: '3000' },
  { name: 'a parameter that is none', text: ':MAA=:;A', expected: 'one byte sequence' },
  { name: 'a tab before it', text: '\t:MAA=:', expected: 'a byte sequence between colons' },
]

test.each(leaves)('Client-Cert with $name: $expected', ({ text, expected }) => {
  expect(leafHex(text)).toBe(expected)
})

const lists = [
  { name: 'nothing', text: '', expected: [] },
  { name: 'only spaces', text: '  ', expected: [] },
  { name: 'one member', text: ':MAA=:', expected: ['3000'] },
  { name: 'two without a space', text: ':MAA=:,:MQA=:', expected: ['3000', '3100'] },
  { name: 'two header lines joined', text: ':MAA=:, :MQA=:', expected: ['3000', '3100'] },
  { name: 'white space of both kinds', text: ' :MAA=: \t,\t :MQA=:  ', expected: ['3000', '3100'] },
  { name: 'a comma at the end', text: ':MAA=:,', expected: 'a byte sequence between colons' },
  {
    name: 'a comma and a space at the end',
    text: ':MAA=:, ',
    expected: 'a byte sequence between colons',
  },
  { name: 'a comma at the start', text: ',:MAA=:', expected: 'a byte sequence between colons' },
  { name: 'no comma', text: ':MAA=: :MQA=:', expected: 'a comma between byte sequences' },
  { name: 'an inner list', text: '(:MAA=:)', expected: 'a byte sequence between colons' },
  { name: 'parameters', text: ':MAA=:;q=1, :MQA=:;r', expected: ['3000', '3100'] },
  {
    name: 'a byte sequence for a parameter',
    text: ':MAA=:;:MQA=:',
    expected: 'a comma between byte sequences',
  },
  { name: 'a tab at the end', text: ':MAA=:\t', expected: 'a comma between byte sequences' },
]

test.each(lists)('Client-Cert-Chain with $name: $expected', ({ text, expected }) => {
  expect(chainHex(text)).toEqual(expected)
})

test('both come back as they were written', () => {
  const [leaf, ...intermediates] = chain
  expect(readClientCert(writeClientCert(leaf ?? new Uint8Array()))).toEqual({
    ok: true,
    value: leaf,
  })
  expect(readClientCertChain(writeClientCertChain(chain))).toEqual({ ok: true, value: chain })
  expect(writeClientCertChain([])).toBe('')
  expect(intermediates).toHaveLength(1)
})

test('length and number are bounded', () => {
  const longest = `:${'A'.repeat(rfc9440Limits.lengthMax - 4)}:`
  expect(longest.length).toBe(rfc9440Limits.lengthMax - 2)
  expect(readClientCert(`${longest}  `).ok).toBe(true)
  expect(readClientCert(`${longest}   `).ok).toBe(false)
  expect(readClientCertChain(`${longest}   `).ok).toBe(false)
  expect(readClientCertChain(Array(10).fill(':MAA=:').join(',')).ok).toBe(true)
  expect(chainHex(Array(11).fill(':MAA=:').join(','))).toBe('at most 10 certificates')
})
