import { expect, test } from 'vitest'
import { expiredExpected, formatExpired, parseExpired } from '#shared/path/expired-policy.ts'

const dayMs = 86_400_000

test.each([
  { text: 'refuse', says: { word: 'refuse' } },
  { text: 'allow', says: { word: 'allow' } },
  { text: 'grace 14d', says: { word: 'grace', forMs: 14 * dayMs } },
  { text: 'grace   36h', says: { word: 'grace', forMs: 1.5 * dayMs } },
  { text: 'grace 0s', says: { word: 'grace', forMs: 0 } },
])('what is done with an expired leaf: "$text"', ({ text, says }) => {
  const parsed = parseExpired(text)
  expect(parsed).toEqual(says)
  expect(parsed && parseExpired(formatExpired(parsed))).toEqual(parsed)
})

test.each([
  '',
  'Refuse',
  'refused',
  'grace',
  'grace ',
  'grace 14',
  'grace14d',
  'grace 1d 2h',
  'a grace 14d',
  'grace 14d for all',
  '14d',
])('no word for it: "%s"', (text) => {
  expect(parseExpired(text)).toBeUndefined()
})

test.each([
  { expired: { word: 'refuse' }, text: 'refuse' },
  { expired: { word: 'allow' }, text: 'allow' },
  { expired: { word: 'grace', forMs: 14 * dayMs }, text: 'grace 14d' },
] as const)('written as "$text", which is one of those that are expected', ({ expired, text }) => {
  expect(formatExpired(expired)).toBe(text)
  expect(expiredExpected).toContain(text)
})
