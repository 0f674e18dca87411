import { expect, test } from 'vitest'
import { matchesPath, parsePathMatch } from '#shared/authorization/path-match.ts'

const rows = [
  ['/foo', '/foo', true],
  ['/foo', '/foo/', false],
  ['/foo*', '/foobar', true],
  ['/foo/*', '/foo/a/b', true],
  ['*.png', '/a/b.png', true],
  ['*', '/', true],
  // The documentation's examples.
  ['/foo/{*}', '/foo/bar', true],
  ['/foo/{*}', '/foo/bar/baz', false],
  ['/foo/{**}/', '/foo/bar/', true],
  ['/foo/{**}/', '/foo//', true],
  ['/foo/{**}/', '/foo/bar', false],
  ['/foo/{*}/bar/{**}', '/foo/buzz/bar/', true],
  ['/foo/{*}/bar/{**}', '/foo/buzz/bar/baz', true],
  // Their edges.
  ['/foo/{*}', '/foo/', false],
  ['/foo/{*}', '/foo', false],
  ['/foo/{*}', '/foo/bar/', false],
  ['/foo/{*}', '/fooo/bar', false],
  ['/{*}/{*}', '/a/b', true],
  ['/{*}/{*}', '/a/', false],
  ['/foo/{**}', '/foo/', true],
  ['/foo/{**}', '/foo', false],
  ['/foo/{**}', '/foo/a/b/c', true],
  ['/{**}', '/', true],
  ['/{**}/b', '/a/c/b', true],
  ['/{**}/b', '/b', false],
  ['/{**}/b', '//b', true],
  ['/{*}/x/{**}/y', '/a/x/y', false],
  ['/{*}/x/{**}/y', '/a/x/b/y', true],
  ['/a.c/{*}', '/abc/d', false],
] as const

test.each(rows)('%s and %s: %s', (text, path, expected) => {
  const match = parsePathMatch(text)
  expect(match.ok && matchesPath(match.value, path)).toBe(expected)
})

const refused = [
  '',
  'foo',
  '/*/baz/{*}',
  '/**/baz/{*}',
  '/{**}/foo/{*}',
  '/{**}/{**}',
  '/foo/{*}.txt',
  '/foo/{a}',
  '/foo/{',
  '/foo/}',
  '{*}/foo',
  '/a*b',
  // Exact paths that no normalised path is equal to.
  '/a/../b',
  '/a/./b',
  '/%61',
  '/a%2fb',
  '/a?b',
  '/a b',
  '/a\\b',
]

test.each(refused)('%j is refused', (text) => {
  expect(parsePathMatch(text).ok).toBe(false)
})
