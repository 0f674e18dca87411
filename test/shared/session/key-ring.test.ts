import { describe, expect, test } from 'vitest'
import { toBase64 } from '#shared/bytes.ts'
import { importKeyRing } from '#shared/session/key-ring.ts'

const secret = (octet: number, count = 32) => toBase64(new Uint8Array(count).fill(octet))
const [one, two, three, four] = [1, 2, 3, 4].map((octet) => secret(octet))

describe('rings that are read', () => {
  test.each([
    { name: 'one key', text: `a:${one}`, kids: ['a'] },
    {
      name: 'three keys, newest first',
      text: `c:${three},b:${two},a:${one}`,
      kids: ['c', 'b', 'a'],
    },
    { name: 'spaces around', text: ` b:${two} , a:${one} `, kids: ['b', 'a'] },
    { name: 'the longest name', text: `${'k'.repeat(16)}:${one}`, kids: ['k'.repeat(16)] },
    { name: 'every letter that a name may have', text: `2026-06_B:${one}`, kids: ['2026-06_B'] },
    { name: 'padding left out', text: `a:${one?.replace('=', '')}`, kids: ['a'] },
  ])('$name', async ({ text, kids }) => {
    const ring = await importKeyRing(text)
    expect(ring.ok && ring.value.map(({ kid }) => kid)).toEqual(kids)
    expect(ring.ok && ring.value.every(({ key }) => !key.extractable)).toBe(true)
  })
})

const notAKey = (place: number) => `session key ${place} as "name:base64 of 32 octets"`

describe('a fault names the entry and never repeats it', () => {
  test.each([
    { name: 'nothing', text: '', says: notAKey(1) },
    { name: 'no name', text: `${one}`, says: notAKey(1) },
    { name: 'an empty name', text: `:${one}`, says: notAKey(1) },
    { name: 'a name too long', text: `${'k'.repeat(17)}:${one}`, says: notAKey(1) },
    {
      name: 'a name with a dot, which separates the parts of a token',
      text: `a.b:${one}`,
      says: notAKey(1),
    },
    { name: 'name and key the wrong way round', text: `${one}:a`, says: notAKey(1) },
    { name: '31 octets', text: `a:${secret(1, 31)}`, says: notAKey(1) },
    { name: '33 octets', text: `a:${secret(1, 33)}`, says: notAKey(1) },
    { name: 'hexadecimal', text: `a:${'01'.repeat(32)}`, says: notAKey(1) },
    { name: 'base64url', text: `a:${'-_'.repeat(21)}A=`, says: notAKey(1) },
    { name: 'the second of two', text: `b:${two},a:${secret(1, 16)}`, says: notAKey(2) },
    { name: 'a comma at the end', text: `a:${one},`, says: notAKey(2) },
    {
      name: 'one name twice',
      text: `a:${one},a:${two}`,
      says: 'each name of a session key once: a stands twice',
    },
    {
      name: 'four keys',
      text: `d:${four},c:${three},b:${two},a:${one}`,
      says: 'at most 3 session keys, not 4',
    },
  ])('$name', async ({ text, says }) => {
    const ring = await importKeyRing(text)
    expect(ring).toEqual({ ok: false, error: says })
    for (const part of text.split(/[:,]/).filter((each) => each.length > 4)) {
      expect(says).not.toContain(part)
    }
  })
})
