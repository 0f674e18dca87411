import { expect, test } from 'vitest'
import type { SessionClaims } from '#shared/session/claims.ts'
import { createOpenedTokens } from '#shared/session/opened-tokens.ts'
import { ringOf } from './rings.ts'

const ring = await ringOf('a')
const leaf = Uint8Array.of(48, 130, 1, 2, 3, 4, 5, 6)
const opening = { token: 'v2.a.AAAA', audience: 'fleet.example.org', ring }
const claims: SessionClaims = {
  exp: 1,
  epoch: 1,
  x5t: new Uint8Array(32),
  trust: 'A'.repeat(43),
  policy: 'A'.repeat(43),
  path: [['A'.repeat(43), Uint8Array.of(1)]],
}

test('the same token, for the same host, under the same keys and beside the same leaf is known', () => {
  const opened = createOpenedTokens()
  expect(opened.find(opening, leaf)).toBeUndefined()
  opened.keep(opening, leaf, claims)
  expect(opened.find({ ...opening }, leaf.slice())).toBe(claims)
})

test.each([
  { name: 'a character of the token', other: { token: 'v2.a.AAAB' } },
  { name: 'a longer token', other: { token: 'v2.a.AAAA=' } },
  { name: 'the host', other: { audience: 'fleet.example.com' } },
  { name: 'the ring, though its keys are the same', other: { ring: [...ring] as typeof ring } },
  { name: 'the leaf, ending alike', other: {}, of: Uint8Array.of(49, 130, 1, 2, 3, 4, 5, 6) },
  { name: 'a longer leaf, ending alike', other: {}, of: Uint8Array.of(0, ...leaf) },
])('$name is another: it is not known', ({ other, of = leaf }) => {
  const opened = createOpenedTokens()
  opened.keep(opening, leaf, claims)
  expect(opened.find({ ...opening, ...other }, of)).toBeUndefined()
})

test('leaves beyond the bound are forgotten, the oldest first', () => {
  const opened = createOpenedTokens()
  const leaves = Array.from({ length: 4001 }, (_, nth) => Uint8Array.of(0, 0, nth >> 8, nth & 255))
  for (const each of leaves) opened.keep(opening, each, claims)
  const known = leaves.map((each) => opened.find(opening, each) !== undefined)
  expect([known[0], known.at(-1)]).toEqual([false, true])
})
