import { describe, expect, test } from 'vitest'
import { fromBase64Url, toBase64Url, toUtf8 } from '#shared/bytes.ts'
import { openToken, sealToken } from '#shared/session/token.ts'
import { nonces, ringOf } from './rings.ts'

const octets = Uint8Array.of(0x00, 0x7f, 0x80, 0xff)
const host = 'fleet.example.org'
const ring = await ringOf('b', 'a')
const token = await sealToken(octets, ring, host, nonces())

test('sealed and opened', async () => {
  expect(await openToken(token, ring, host)).toEqual(octets)
})

test('version, key name and body, and nothing of what was sealed', () => {
  expect(token).toMatch(/^v2\.b\.[A-Za-z0-9_-]+$/)
  // Nonce of 12 octets and tag of 16.
  expect(fromBase64Url(token.split('.')[2] ?? '')?.length).toBe(12 + octets.length + 16)
})

test.each([
  { name: 'as long as the bound', letters: 1504, length: 2048, opens: true },
  { name: 'one letter longer', letters: 1505, length: 2049, opens: false },
])('$name: $length', async ({ letters, length, opens }) => {
  const long = toUtf8('x'.repeat(letters))
  const sealed = await sealToken(long, ring, host, nonces())
  expect(sealed.length).toBe(length)
  expect(await openToken(sealed, ring, host)).toEqual(opens ? long : undefined)
})

test('each sealing asks for a nonce of its own', async () => {
  const random = nonces()
  const first = await sealToken(octets, ring, host, random)
  expect(await sealToken(octets, ring, host, random)).not.toBe(first)
})

describe('rings change', () => {
  test.each([
    { name: 'a newer key before it', kids: ['c', 'b', 'a'], opens: true },
    { name: 'its key is the oldest', kids: ['c', 'b'], opens: true },
    { name: 'its key has left the ring', kids: ['c', 'a'], opens: false },
  ] as const)('$name: $opens', async ({ kids, opens }) => {
    expect(await openToken(token, await ringOf(...kids), host)).toEqual(opens ? octets : undefined)
  })

  test('another key under the same name', async () => {
    const [stranger] = await ringOf('c')
    expect(await openToken(token, [{ ...stranger, kid: 'b' }], host)).toBeUndefined()
  })
})

test('a key that opens for two hosts in turn', async () => {
  const other = await sealToken(octets, ring, 'other.example.org', nonces())
  for (const [given, audience, opens] of [
    [token, host, true],
    [other, 'other.example.org', true],
    [token, 'other.example.org', false],
    [token, host, true],
    [other, host, false],
  ] as const) {
    expect(await openToken(given, ring, audience)).toEqual(opens ? octets : undefined)
  }
})

describe('what says nothing', () => {
  const [version, kid, body = ''] = token.split('.')

  test.each([
    { name: 'another host', given: token, audience: 'other.example.org' },
    { name: 'a host below', given: token, audience: `a.${host}` },
    { name: 'nothing', given: '', audience: host },
    { name: 'dots', given: '..', audience: host },
    { name: 'the first version', given: `v1.${kid}.${body}`, audience: host },
    { name: 'a version to come', given: `v3.${kid}.${body}`, audience: host },
    { name: 'the name of another key of the ring', given: `${version}.a.${body}`, audience: host },
    { name: 'no key name', given: `${version}..${body}`, audience: host },
    { name: 'no body', given: `${version}.${kid}`, audience: host },
    { name: 'a fourth part', given: `${token}.`, audience: host },
    { name: 'padding', given: `${token}=`, audience: host },
    {
      name: 'a nonce alone',
      given: `${version}.${kid}.${toBase64Url(new Uint8Array(12))}`,
      audience: host,
    },
    {
      name: 'less than a tag',
      given: `${version}.${kid}.${toBase64Url(new Uint8Array(27))}`,
      audience: host,
    },
    {
      name: 'nothing but nonce and tag',
      given: `${version}.${kid}.${toBase64Url(new Uint8Array(28))}`,
      audience: host,
    },
    { name: 'longer than any of ours', given: `${token}${'A'.repeat(2048)}`, audience: host },
    { name: 'the name of a property', given: `${version}.constructor.${body}`, audience: host },
  ])('$name', async ({ given, audience }) => {
    expect(await openToken(given, ring, audience)).toBeUndefined()
  })

  test('any octet of the body changed, one bit of it', async () => {
    const sealed = fromBase64Url(body) ?? new Uint8Array()
    for (let place = 0; place < sealed.length; place += 1) {
      const bent = sealed.slice()
      bent[place] = (bent[place] ?? 0) ^ (1 << (place % 8))
      const given = `${version}.${kid}.${toBase64Url(bent)}`
      expect(await openToken(given, ring, host), `octet ${place}`).toBeUndefined()
    }
  })

  test('the body cut off anywhere', async () => {
    for (let length = 0; length < body.length; length += 1) {
      const given = `${version}.${kid}.${body.slice(0, length)}`
      expect(await openToken(given, ring, host), `${length} letters`).toBeUndefined()
    }
  })
})
