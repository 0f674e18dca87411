import { expect, test } from 'vitest'
import { normalisePath } from '#shared/authorization/normalise-path.ts'

const rows = [
  { text: '/', none: '/', base: '/', merge: '/', decode: '/' },
  { text: '/a?b=/../c', none: '/a', base: '/a', merge: '/a', decode: '/a' },
  { text: '/?', none: '/', base: '/', merge: '/', decode: '/' },
  {
    text: '/%61%2D%2e%5F%7e%41%39',
    none: '/%61%2D%2e%5F%7e%41%39',
    base: '/a-._~A9',
    merge: '/a-._~A9',
    decode: '/a-._~A9',
  },
  { text: '/a/../b', none: '/a/../b', base: '/b', merge: '/b', decode: '/b' },
  { text: '/a/%2e%2E/b', none: '/a/%2e%2E/b', base: '/b', merge: '/b', decode: '/b' },
  { text: '/a/./b/.', none: '/a/./b/.', base: '/a/b/', merge: '/a/b/', decode: '/a/b/' },
  { text: '/a/b/..', none: '/a/b/..', base: '/a/', merge: '/a/', decode: '/a/' },
  { text: '/../../a', none: '/../../a', base: '/a', merge: '/a', decode: '/a' },
  { text: '/a\\..\\b', none: '/a\\..\\b', base: '/b', merge: '/b', decode: '/b' },
  { text: '/a//b', none: '/a//b', base: '/a//b', merge: '/a/b', decode: '/a/b' },
  { text: '///a', none: '///a', base: '///a', merge: '/a', decode: '/a' },
  { text: '/a//../b', none: '/a//../b', base: '/a/b', merge: '/a/b', decode: '/a/b' },
  { text: '/a%2fb', none: '/a%2fb', base: '/a%2Fb', merge: '/a%2Fb', decode: '/a/b' },
  {
    text: '/a%2F..%5cb',
    none: '/a%2F..%5cb',
    base: '/a%2F..%5Cb',
    merge: '/a%2F..%5Cb',
    decode: '/b',
  },
  { text: '/a%2F%2fb', none: '/a%2F%2fb', base: '/a%2F%2Fb', merge: '/a%2F%2Fb', decode: '/a/b' },
  // Decoded once: what comes out of an escape is no escape.
  {
    text: '/%252e%252e/a',
    none: '/%252e%252e/a',
    base: '/%252e%252e/a',
    merge: '/%252e%252e/a',
    decode: '/%252e%252e/a',
  },
  { text: '/a%252fb', none: '/a%252fb', base: '/a%252fb', merge: '/a%252fb', decode: '/a%252fb' },
  { text: '/%25%32%65', none: '/%25%32%65', base: '/%252e', merge: '/%252e', decode: '/%252e' },
  {
    text: '/a%20b%c3%a4',
    none: '/a%20b%c3%a4',
    base: '/a%20b%C3%A4',
    merge: '/a%20b%C3%A4',
    decode: '/a%20b%C3%A4',
  },
]

test.each(rows)('$text', ({ text, none, base, merge, decode }) => {
  expect(normalisePath(text, 'none')).toEqual({ ok: true, value: none })
  expect(normalisePath(text, 'base')).toEqual({ ok: true, value: base })
  expect(normalisePath(text, 'merge_slashes')).toEqual({ ok: true, value: merge })
  expect(normalisePath(text, 'decode_and_merge_slashes')).toEqual({ ok: true, value: decode })
})

test.each(rows)('$text, once more, stays what it became', ({ text }) => {
  for (const to of ['base', 'merge_slashes', 'decode_and_merge_slashes'] as const) {
    const once = normalisePath(text, to)
    expect(once.ok && normalisePath(once.value, to)).toEqual(once)
  }
})

const refused = [
  '',
  'a',
  '*',
  'http://a/',
  '/%00',
  '/a%00b',
  '/\0',
  '/a b',
  '/a\n',
  '/ä',
  '/a#b',
  '/\u007f',
]

test.each(refused)('%j is refused by all', (text) => {
  for (const to of ['none', 'base', 'merge_slashes', 'decode_and_merge_slashes'] as const) {
    expect(normalisePath(text, to).ok).toBe(false)
  }
})

test.each(['/%', '/%4', '/%zz', '/a%2'])('%j has a broken escape', (text) => {
  expect(normalisePath(text, 'base').ok).toBe(false)
})

test('length is bounded', () => {
  expect(normalisePath(`/${'a'.repeat(16_383)}`, 'base').ok).toBe(true)
  expect(normalisePath(`/${'a'.repeat(16_384)}`, 'base').ok).toBe(false)
})

test.each(['/a/..;/b', '/..;x=1/b', '/a/.;/b', '/a/%2e.%3Bx', '/a%2F..;', '/a\\..;/b'])(
  '%j steps up for some servers: the strictest word refuses it',
  (text) => {
    expect(normalisePath(text, 'decode_and_merge_slashes').ok).toBe(false)
    expect(normalisePath(text, 'merge_slashes').ok).toBe(true)
  },
)

test.each(['/a;v=1/b', '/a..;/b', '/...;/b', '/a/.b;/c', '/;/b'])(
  '%j has parameters that step nowhere',
  (text) => {
    expect(normalisePath(text, 'decode_and_merge_slashes')).toEqual({ ok: true, value: text })
  },
)
