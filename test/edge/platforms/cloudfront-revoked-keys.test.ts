import { describe, expect, test } from 'vitest'
import { cloudfrontRevokedKeys } from '#edge/platforms/cloudfront-revoked-keys.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import { instantFromIso, type Instant } from '#shared/time.ts'

const until = instantFromIso('2026-03-01T00:00:00Z')

/** The part of a list that is read. */
function listOf(serials: readonly string[], nextUpdate: Instant = until): Crl {
  const entries = serials.map((hex) => ({ serial: Buffer.from(hex, 'hex') }))
  const index = { size: entries.length, entries: () => entries, find: () => undefined }
  return { index, indexOfOthers: new Map(), nextUpdate, deltaBase: undefined } as unknown as Crl
}

const keysOf = (lists: readonly Crl[]): readonly string[] =>
  cloudfrontRevokedKeys(lists).data.map(({ key }) => key)

test.each([
  { serial: '4a3f', key: '4A3F' },
  { serial: '009e2a', key: '9E2A' },
  { serial: '00', key: '00' },
  { serial: 'ff', key: 'FF' },
])('serial $serial is $key', ({ serial, key }) => {
  expect(keysOf([listOf([serial])])).toEqual(['until', key])
})

describe('several lists', () => {
  test('are believed until the first of them is stale', () => {
    const earlier = instantFromIso('2026-02-01T00:00:00Z')
    const { data } = cloudfrontRevokedKeys([listOf(['01']), listOf(['02'], earlier)])
    expect(data[0]).toEqual({ key: 'until', value: String(earlier) })
  })

  test('name a serial of both once', () => {
    expect(keysOf([listOf(['01', '02']), listOf(['02'])])).toEqual(['until', '01', '02'])
  })
})

test.each([
  { name: 'no list', lists: [], says: 'nobody would be refused' },
  { name: 'a delta', lists: [{ ...listOf([]), deltaBase: 1n }], says: 'delta' },
  {
    name: 'an indirect list',
    lists: [{ ...listOf([]), indexOfOthers: new Map([['x', listOf([]).index]]) }],
    says: 'indirect',
  },
])('$name is refused', ({ lists, says }) => {
  expect(() => cloudfrontRevokedKeys(lists)).toThrow(says)
})

test('as many as a store holds, and no more', () => {
  const lists = [listOf(['4a3f', '9e2a'])]
  expect(cloudfrontRevokedKeys(lists, 8).data).toHaveLength(3)
  expect(() => cloudfrontRevokedKeys(lists, 7)).toThrow('2 serials have 8 octets')
})
