import { expect, test } from 'vitest'
import { matchesString, parseStringMatch } from '#shared/authorization/string-match.ts'

const rows = [
  ['abc', 'abc', true],
  ['abc', 'ab', false],
  ['abc', 'abcd', false],
  ['abc', 'ABC', false],
  ['abc*', 'abc', true],
  ['abc*', 'abcd', true],
  ['abc*', 'xabc', false],
  ['*abc', 'abc', true],
  ['*abc', 'xabc', true],
  ['*abc', 'abcx', false],
  ['*', 'a', true],
  ['*', '', false],
  // Characters that mean something in a regular expression stand for themselves.
  ['a.c', 'abc', false],
  ['a.c', 'a.c', true],
  ['a+', 'aa', false],
  ['[a]', 'a', false],
  ['(a|b)', 'a', false],
  ['^a$', 'a', false],
  ['a\\d', 'a1', false],
  ['*..', 'ab', false],
  ['*..', 'a..', true],
  ['a.*', 'axyz', false],
  ['a.*', 'a.xyz', true],
] as const

test.each(rows)('%j and %j: %s', (text, value, expected) => {
  const match = parseStringMatch(text)
  expect(match.ok && matchesString(match.value, value)).toBe(expected)
})

test.each(['', 'a*b', '**', '*a*', 'a**', '**a'])('%j is no match', (text) => {
  expect(parseStringMatch(text).ok).toBe(false)
})
