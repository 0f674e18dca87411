import { assert, constantFrom, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { matchesWildcard } from '#edge/routing/wildcard.ts'

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything/at?all', true],
  ['?', '', false],
  ['?', 'a', true],
  ['?', 'ab', false],
  ['/img/*', '/img/', true],
  ['/img/*', '/img/a/b', true],
  ['/img/*', '/img', false],
  ['/img/*/pics', '/img/a/b/pics', true],
  ['/img/*/pics', '/img/pics', false],
  ['*.example.com', 'a.b.example.com', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', '.example.com', true],
  ['*a*b', 'ab', true],
  ['*a*b', 'aXbXb', true],
  ['*a*b', 'aXbXc', false],
  ['a**b', 'ab', true],
  ['*?b', 'b', false],
  ['*?b', 'ab', true],
  ['a.c', 'abc', false],
  ['[a-z]', 'a', false],
  ['\\*', '\\anything', true],
  ['A', 'a', false],
])('%j against %j: %s', (pattern, text, matches) => {
  expect(matchesWildcard(pattern, text)).toBe(matches)
})

const letters = (...alphabet: readonly string[]) =>
  string({ unit: constantFrom(...alphabet), maxLength: 8 })

test('as the definition says, choice by choice', () => {
  assert(
    property(letters('a', 'b', '*', '?'), letters('a', 'b'), (pattern, text) => {
      expect(matchesWildcard(pattern, text)).toBe(byDefinition(pattern, text))
    }),
    { numRuns: 5000 },
  )
})

test('many stars before what never comes do not blow up', () => {
  expect(matchesWildcard('*a'.repeat(64) + 'b', 'a'.repeat(8192))).toBe(false)
})

function byDefinition(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const rest = pattern.slice(1)
  if (pattern.startsWith('*')) {
    return byDefinition(rest, text) || (text !== '' && byDefinition(pattern, text.slice(1)))
  }
  if (text === '' || (pattern[0] !== '?' && pattern[0] !== text[0])) return false
  return byDefinition(rest, text.slice(1))
}
