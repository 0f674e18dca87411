import { describe, expect, test } from 'vitest'
import { noExtensions } from '#shared/x509/extensions.ts'
import { isDeltaOf } from '#shared/revocation/delta.ts'
import { freshnessAt, strictFreshness } from '#shared/revocation/freshness.ts'
import { revocationStatus } from '#shared/revocation/status.ts'
import { shift } from '#shared/time.ts'
import { createCrl, crlOf, entry, reason, type CrlOverrides } from '../crls.ts'
import { context, integer, octets, sequence } from '../der/writer.ts'
import { at, createCa, extension, noon } from '../pki.ts'

const ca = await createCa()
const crl = async (overrides: CrlOverrides = {}) => crlOf(await createCrl(ca, overrides))
const delta = (base: number, overrides: CrlOverrides = {}) =>
  crl({
    ...overrides,
    extensions: {
      ...overrides.extensions,
      base: extension('2.5.29.27', integer(base), 'critical'),
    },
  })
const ask = { serial: octets(0x2a), issuer: ca.name, isCa: false, extensions: noExtensions }
const keyId = (id: number) => extension('2.5.29.35', sequence(context(0, octets(id))))
const userOnly = extension('2.5.29.28', sequence(context(1, octets(0xff))), 'critical')

describe('which delta is laid over which list (RFC 5280 5.2.4)', () => {
  test.each([
    { title: 'made from it', base: 7, changes: { number: 8 }, applies: true },
    { title: 'made from an earlier one', base: 1, changes: { number: 8 }, applies: true },
    { title: 'made from a later one', base: 8, changes: { number: 9 }, applies: false },
    { title: 'of its own number', base: 7, changes: { number: 7 }, applies: false },
    { title: 'without a number', base: 7, changes: { number: undefined }, applies: false },
    {
      title: 'another scope',
      base: 7,
      changes: { number: 8, extensions: { userOnly } },
      applies: false,
    },
    {
      title: 'another key',
      base: 7,
      changes: { number: 8, extensions: { key: keyId(1) } },
      applies: false,
    },
  ])('$title: $applies', async ({ base, changes, applies }) => {
    expect(isDeltaOf(await delta(base, changes), await crl())).toBe(applies)
  })

  test('a complete list is none', async () => {
    expect(isDeltaOf(await crl({ number: 8 }), await crl())).toBe(false)
  })
})

describe('status with a delta (RFC 5280 6.3.3 (i) to (l))', () => {
  const listed = { entries: [entry([0x2a])] }
  const removed = { entries: [entry([0x2a], reason(8))] }
  const ended = { nextUpdate: at('2026-06-15T00:00:00Z') }
  test.each([
    { title: 'says nothing', complete: {}, change: {}, base: 7, says: 'good' },
    { title: 'lists it', complete: {}, change: listed, base: 7, says: 'revoked' },
    { title: 'takes it off', complete: listed, change: removed, base: 7, says: 'good' },
    { title: 'says nothing of one listed', complete: listed, change: {}, base: 7, says: 'revoked' },
    { title: 'does not apply', complete: listed, change: removed, base: 8, says: 'revoked' },
    { title: 'makes a stale list fresh', complete: ended, change: {}, base: 7, says: 'good' },
    { title: 'is stale as well', complete: ended, change: ended, base: 7, says: 'unknown' },
  ])('$title: $says', async ({ complete, change, base, says }) => {
    const crls = [await crl(complete), await delta(base, { number: 9, ...change })]
    expect(revocationStatus(crls, ask, noon)).toMatchObject({ status: says })
  })

  /** The complete list began at noon of the day before, the delta begins an hour from now. */
  const ahead = { thisUpdate: shift(noon, 3_600_000) }
  test.each([
    { title: 'revokes whom it names', complete: {}, change: listed, says: 'revoked' },
    { title: 'refuses nobody else', complete: {}, change: {}, says: 'good' },
    { title: 'takes nobody off yet', complete: listed, change: removed, says: 'revoked' },
    { title: 'makes nothing fresh', complete: ended, change: {}, says: 'unknown' },
  ])('a delta that has not begun, by a clock that may be behind, $title', async (row) => {
    const crls = [await crl(row.complete), await delta(7, { number: 9, ...row.change, ...ahead })]
    expect(revocationStatus(crls, ask, noon)).toMatchObject({ status: row.says })
    expect(revocationStatus(crls, ask, ahead.thisUpdate)).toMatchObject({
      status:
        { 'takes nobody off yet': 'good', 'makes nothing fresh': 'good' }[row.title] ?? row.says,
    })
  })

  test.each([
    { title: 'revokes nobody', complete: {}, change: listed, says: 'good' },
    { title: 'takes nobody off', complete: listed, change: removed, says: 'revoked' },
    { title: 'makes nothing fresh', complete: ended, change: {}, says: 'unknown' },
  ])('a delta over a list that is not at hand $title', async ({ complete, change, says }) => {
    const crls = [await crl(complete), await delta(8, { number: 9, ...change })]
    expect(revocationStatus(crls, ask, noon)).toMatchObject({ status: says })
  })

  test('a delta from before the complete list is over, whomever it names', async () => {
    const crls = [await crl(), await delta(5, { number: 6, ...listed })]
    expect(revocationStatus(crls, ask, noon)).toMatchObject({ status: 'good' })
  })

  test('a complete list that has not begun revokes whom it names, and clears nobody', async () => {
    const crls = [await crl(), await crl({ number: 9, ...listed, ...ahead })]
    expect(revocationStatus(crls, ask, noon)).toMatchObject({ status: 'revoked' })
    const silent = [await crl(listed), await crl({ number: 9, ...ahead })]
    expect(revocationStatus(silent, ask, noon)).toMatchObject({ status: 'revoked' })
    expect(revocationStatus(silent, ask, ahead.thisUpdate)).toMatchObject({ status: 'good' })
  })

  test('the newer of two deltas', async () => {
    const crls = [
      await crl(),
      await delta(7, { number: 8, ...listed }),
      await delta(7, { number: 9, ...removed }),
    ]
    expect(revocationStatus(crls, ask, noon)).toMatchObject({ status: 'good' })
  })
})

describe('freshness', () => {
  const hour = 3_600_000
  test.each([
    { title: 'the last fresh instant', after: 0, says: 'fresh' },
    { title: 'the first of grace', after: 1, says: 'grace' },
    { title: 'the last of grace', after: hour, says: 'grace' },
    { title: 'the first stale one', after: hour + 1, says: 'stale' },
  ])('$title', ({ after, says }) => {
    expect(freshnessAt(noon, shift(noon, after), hour)).toBe(says)
  })

  const nextUpdate = at('2026-06-16T12:00:00Z')
  test.each([
    {
      title: 'in grace',
      policy: { graceMs: hour, stale: 'refuse' },
      after: hour,
      says: { freshness: 'grace' },
    },
    {
      title: 'past grace',
      policy: { graceMs: hour, stale: 'refuse' },
      after: hour + 1,
      says: { gap: 'stale' },
    },
    {
      title: 'stale, accepted',
      policy: { graceMs: 0, stale: 'accept' },
      after: 1,
      says: { freshness: 'stale' },
    },
    { title: 'strict', policy: strictFreshness, after: 1, says: { gap: 'stale' } },
  ] as const)('$title', async ({ policy, after, says }) => {
    const said = revocationStatus([await crl()], ask, shift(nextUpdate, after), policy)
    expect(said).toMatchObject(says)
  })
})
