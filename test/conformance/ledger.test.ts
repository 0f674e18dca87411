import { describe, expect, test } from 'vitest'
import { checkLedger } from './ledger.ts'
import type { Judged, Tier, Verdict } from './paths.ts'
import { layOut, suiteTable, tally } from './table.ts'

function judged(id: string, expected: Verdict, ours: Verdict, tier: Tier = 'core'): Judged {
  return {
    suite: 'made-up',
    id,
    tier,
    profile: 'native',
    isClient: true,
    expect: expected,
    ours,
    otherPolicies: false,
    underConforming: undefined,
    detail: '',
    ms: 1,
  }
}

describe('the ledger of divergences', () => {
  const entry = { ours: 'reject', why: 'on purpose' } as const

  test.each([
    { name: 'right, no entry', one: judged('a', 'accept', 'accept'), unexplained: 0, stale: 0 },
    { name: 'wrong, no entry', one: judged('a', 'accept', 'reject'), unexplained: 1, stale: 0 },
    {
      name: 'wrong in another tier',
      one: judged('a', 'accept', 'reject', 'policy'),
      unexplained: 1,
      stale: 0,
    },
    {
      name: 'of a case where any verdict is right',
      one: { ...judged('a', 'accept', 'reject', 'dos'), expect: undefined },
      unexplained: 0,
      stale: 0,
    },
    {
      name: 'wrong as a client’s as well',
      one: judged('x as client', 'accept', 'reject'),
      entries: { x: entry },
      unexplained: 0,
      stale: 0,
    },
    {
      name: 'accepted, and refused under the strictest profile',
      one: { ...judged('x', 'reject', 'accept', 'strict'), underConforming: 'reject' as const },
      entries: { x: { ...entry, ours: 'accept' as const } },
      unexplained: 0,
      stale: 0,
    },
    {
      name: 'accepted even under the strictest profile',
      one: { ...judged('x', 'reject', 'accept', 'strict'), underConforming: 'accept' as const },
      entries: { x: { ...entry, ours: 'accept' as const } },
      unexplained: 1,
      stale: 0,
    },
    {
      name: 'wrong as the entry has it',
      one: judged('x', 'accept', 'reject'),
      entries: { x: entry },
      unexplained: 0,
      stale: 0,
    },
    {
      name: 'wrong the other way',
      one: judged('x', 'reject', 'accept'),
      entries: { x: entry },
      unexplained: 1,
      stale: 0,
    },
    {
      name: 'right in spite of its entry',
      one: judged('x', 'accept', 'accept'),
      entries: { x: entry },
      unexplained: 0,
      stale: 1,
    },
    {
      name: 'an entry without a case',
      one: judged('a', 'accept', 'accept'),
      entries: { gone: entry },
      unexplained: 0,
      stale: 1,
    },
  ])('$name: $unexplained unexplained, $stale stale', ({ one, entries, unexplained, stale }) => {
    const ledger = checkLedger([one], entries ?? {})
    expect(ledger.unexplained).toHaveLength(unexplained)
    expect(ledger.stale).toHaveLength(stale)
  })
})

test('a tally names right of all, false accepts, false refusals', () => {
  const all = [
    judged('a', 'accept', 'accept'),
    judged('b', 'reject', 'accept'),
    judged('c', 'accept', 'reject'),
    judged('d', 'accept', 'reject'),
  ]
  expect(tally(all)).toBe('1/4 (FA 1 FR 2)')
})

test('the table has one row a suite, with what peers make of it', () => {
  const figures = new Map([['made-up', new Map([['go-1.24.4', '1/1 (FA 0 FR 0)']])]])
  const [, row] = suiteTable(['made-up'], [judged('a', 'accept', 'accept')], figures).split('\n')
  const none = '0/0 (FA 0 FR 0)'
  const one = '1/1 (FA 0 FR 0)'
  expect(row?.split(/ {2,}/)).toEqual([
    'made-up',
    one,
    one,
    none,
    none,
    '0',
    '1 ms',
    '-',
    one,
    '-',
    '-',
  ])
})

test('columns are as wide as their widest cell', () => {
  expect(
    layOut([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toBe('a     b\nlong  c')
})
