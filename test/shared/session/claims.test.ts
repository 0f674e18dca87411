import { describe, expect, test } from 'vitest'
import { sessionClaims } from '#shared/session/claims.ts'

const claims = {
  exp: 1,
  x5t: 'leaf',
  path: [['issuer', 'serial']],
  trust: 'trust',
  epoch: 2,
  policy: 'policy',
}

test('what was sealed is read', () => {
  expect(sessionClaims(JSON.stringify(claims))).toEqual(claims)
})

test('what a later version adds is left out', () => {
  expect(sessionClaims(JSON.stringify({ ...claims, more: true }))).toEqual(claims)
})

const entries = (count: number) => Array.from({ length: count }, () => ['issuer', 'serial'])

describe('another shape is none of ours', () => {
  test('as many certificates as the bound', () => {
    expect(sessionClaims(JSON.stringify({ ...claims, path: entries(16) }))?.path.length).toBe(16)
  })

  test.each([
    { name: 'one certificate more than the bound', change: { path: entries(17) } },
    { name: 'no certificate', change: { path: [] } },
    { name: 'no path', change: { path: undefined } },
    { name: 'a path that is no list', change: { path: {} } },
    { name: 'an entry of one part', change: { path: [['issuer']] } },
    { name: 'an entry of three parts', change: { path: [['issuer', 'serial', 'more']] } },
    { name: 'an entry of numbers', change: { path: [[1, 2]] } },
    { name: 'an entry that is a text', change: { path: ['is'] } },
    { name: 'an end that is a text', change: { exp: '1' } },
    { name: 'no end, as JSON writes Infinity', change: { exp: Number.POSITIVE_INFINITY } },
    { name: 'no leaf', change: { x5t: undefined } },
    { name: 'no trust', change: { trust: null } },
    { name: 'no epoch', change: { epoch: undefined } },
    { name: 'no policy', change: { policy: 7 } },
  ])('$name', ({ change }) => {
    expect(sessionClaims(JSON.stringify({ ...claims, ...change }))).toBeUndefined()
  })

  test.each(['', '{', 'null', '7', '"text"', '[]'])('%j', (text) => {
    expect(sessionClaims(text)).toBeUndefined()
  })
})
