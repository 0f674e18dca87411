import { expect, test } from 'vitest'
import { writeRfc9440 } from '#shared/wire/rfc9440-write.ts'
import { readClientCert, readClientCertChain, rfc9440Limits } from '#shared/wire/rfc9440.ts'

const der = (...octets: readonly number[]): Uint8Array =>
  Uint8Array.from([0x30, octets.length, ...octets])

function linesOf(chain: readonly Uint8Array[]): Readonly<Record<string, string>> {
  const lines = writeRfc9440(chain)
  if (!lines.ok) throw new Error(lines.error.expected)
  return Object.fromEntries(lines.value)
}

test('no certificate, no header', () => {
  expect(linesOf([])).toEqual({})
})

test('a leaf alone has no chain', () => {
  expect(linesOf([der()])).toEqual({ 'Client-Cert': ':MAA=:' })
})

test('leaf and chain are read back', () => {
  const chain = [der(1), der(2), der(3, 4)]
  const lines = linesOf(chain)
  expect(lines).toEqual({ 'Client-Cert': ':MAEB:', 'Client-Cert-Chain': ':MAEC:, :MAIDBA==:' })
  expect(readClientCert(lines['Client-Cert'] ?? '')).toEqual({ ok: true, value: chain[0] })
  expect(readClientCertChain(lines['Client-Cert-Chain'] ?? '')).toEqual({
    ok: true,
    value: chain.slice(1),
  })
})

/** `length` octets in base64 between colons. */
const octetsFor = (characters: number): number => ((characters - 2) / 4) * 3
const most = Math.floor(octetsFor(rfc9440Limits.lengthMax) / 3) * 3

test.each([
  { name: 'ten intermediates', chain: Array.from({ length: 11 }, () => der()), fits: true },
  { name: 'eleven intermediates', chain: Array.from({ length: 12 }, () => der()), fits: false },
  { name: 'the largest leaf', chain: [new Uint8Array(most)], fits: true },
  { name: 'one octet more', chain: [new Uint8Array(most + 1)], fits: false },
  { name: 'the largest chain', chain: [der(), new Uint8Array(most)], fits: true },
  { name: 'a chain of one octet more', chain: [der(), new Uint8Array(most + 1)], fits: false },
])('$name: $fits', ({ chain, fits }) => {
  const lines = writeRfc9440(chain)
  expect(lines.ok).toBe(fits)
  const { 'Client-Cert': leaf = '', 'Client-Cert-Chain': rest = '' } = fits ? linesOf(chain) : {}
  expect(readClientCert(leaf).ok && readClientCertChain(rest).ok).toBe(fits)
})
