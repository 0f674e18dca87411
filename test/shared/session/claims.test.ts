import { describe, expect, test } from 'vitest'
import { concatBytes, toBase64Url, type Bytes } from '#shared/bytes.ts'
import { claimOctets, sessionClaims, type SessionClaims } from '#shared/session/claims.ts'

const hash = (octet: number) => new Uint8Array(32).fill(octet)
const certificates = (count: number): SessionClaims['path'] =>
  Array.from({ length: count }, (_, nth) => [
    toBase64Url(hash(0x80 + nth)),
    new Uint8Array(nth).fill(nth),
  ])

const claims: SessionClaims = {
  exp: Date.UTC(2026, 5, 15),
  epoch: 2,
  x5t: hash(1),
  trust: toBase64Url(hash(2)),
  policy: toBase64Url(hash(3)),
  path: [
    [toBase64Url(hash(0x90)), Uint8Array.of(0x2a)],
    [toBase64Url(hash(0x91)), new Uint8Array(21).fill(0xff)],
  ],
}

describe('what was sealed is read', () => {
  test.each<{ readonly name: string; readonly change: Partial<SessionClaims> }>([
    { name: 'a path of two', change: {} },
    { name: 'one certificate', change: { path: certificates(1) } },
    { name: 'as many certificates as the bound', change: { path: certificates(16) } },
    { name: 'an epoch of many digits', change: { epoch: Number.MAX_SAFE_INTEGER } },
    { name: 'the first epoch', change: { epoch: 0 } },
  ])('$name', ({ change }) => {
    const sealed = { ...claims, ...change }
    expect(sessionClaims(claimOctets(sealed))).toEqual(sealed)
  })

  test('wherever the octets lie in their buffer', () => {
    const octets = claimOctets(claims)
    const shifted = concatBytes(new Uint8Array(3), octets).subarray(3)
    expect(sessionClaims(shifted)).toEqual(claims)
  })
})

test('the octets, one after another', () => {
  const numbers = new DataView(new ArrayBuffer(16))
  numbers.setFloat64(0, claims.exp)
  numbers.setFloat64(8, 2)
  const letters = [claims.trust, claims.policy, claims.path[0]?.[0], claims.path[1]?.[0]].join('')
  expect(claimOctets(claims)).toEqual(
    concatBytes(
      new Uint8Array(numbers.buffer),
      hash(1),
      Uint8Array.of(2),
      new TextEncoder().encode(letters),
      Uint8Array.of(1, 0x2a, 21),
      hash(0xff).subarray(0, 21),
    ),
  )
})

describe('another shape is none of ours', () => {
  const octets = claimOctets(claims)
  const withCount = (count: number): Bytes => {
    const changed = octets.slice()
    changed[48] = count
    return changed
  }

  test.each([
    { name: 'more certificates than there are', given: withCount(3) },
    { name: 'fewer certificates than there are', given: withCount(1) },
    { name: 'no certificate, by number', given: withCount(0) },
    { name: 'no certificate at all', given: claimOctets({ ...claims, path: [] }) },
    {
      name: 'one certificate more than the bound',
      given: claimOctets({ ...claims, path: certificates(17) }),
    },
    { name: 'an octet behind the last serial', given: concatBytes(octets, Uint8Array.of(0)) },
    { name: 'claims of the first version', given: new TextEncoder().encode('{"exp":1}') },
  ])('$name', ({ given }) => {
    expect(sessionClaims(given)).toBeUndefined()
  })

  test('cut off anywhere', () => {
    for (let length = 0; length < octets.length; length += 1) {
      expect(sessionClaims(octets.slice(0, length)), `${length} octets`).toBeUndefined()
    }
  })
})

test.each<{ readonly name: string; readonly change: Partial<SessionClaims> }>([
  { name: 'trust', change: { trust: 'trust' } },
  { name: 'policy', change: { policy: '' } },
  { name: 'an issuer', change: { path: [[`${toBase64Url(hash(4))}A`, Uint8Array.of(1)]] } },
])('$name that is no hash is not sealed', ({ change }) => {
  expect(() => claimOctets({ ...claims, ...change })).toThrow(RangeError)
})
