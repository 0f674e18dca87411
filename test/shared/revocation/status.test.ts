import { describe, expect, test } from 'vitest'
import { noExtensions } from '#shared/x509/extensions.ts'
import { answeringCrl, isNewer, newest, revocationStatus } from '#shared/revocation/status.ts'
import type { Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { createCrl, crlOf, entry, revokedAt, type CrlOverrides } from '../crls.ts'
import { context, integer, octets, sequence } from '../der/writer.ts'
import { at, createCa, extension, noon } from '../pki.ts'

const ca = await createCa()
const crl = async (overrides: CrlOverrides = {}) => crlOf(await createCrl(ca, overrides))

const day = 86_400_000
const revoked = octets(0x2a)
const other = octets(0x2b)
const entries = [entry([0x2a])]
const thisUpdate = at('2026-06-14T12:00:00Z')
const nextUpdate = at('2026-06-16T12:00:00Z')

const listing = await crl({ entries })
const delta = await crl({
  entries,
  extensions: { delta: extension('2.5.29.27', integer(6), 'critical') },
})
const forCas = context(2, octets(0xff))
const scoped = await crl({
  extensions: { point: extension('2.5.29.28', sequence(forCas), 'critical') },
})
const ask = (serial: Bytes) => ({ serial, issuer: ca.name, isCa: false, extensions: noExtensions })

const unknown = (gap: string) => ({ status: 'unknown', gap })

describe('status (RFC 5280 6.3)', () => {
  const good = { status: 'good', freshness: 'fresh' }
  const isRevoked = { status: 'revoked', since: revokedAt, crl: listing }
  test.each([
    { name: 'not listed', crls: [listing], serial: other, now: noon, status: good },
    { name: 'listed', crls: [listing], serial: revoked, now: noon, status: isRevoked },
    {
      name: 'the instant the list begins',
      crls: [listing],
      serial: other,
      now: thisUpdate,
      status: good,
    },
    {
      name: 'a millisecond before',
      crls: [listing],
      serial: other,
      now: shift(thisUpdate, -1),
      status: unknown('not_yet_current'),
    },
    {
      name: 'listed, a millisecond before',
      crls: [listing],
      serial: revoked,
      now: shift(thisUpdate, -1),
      status: isRevoked,
    },
    {
      name: 'the instant the list ends',
      crls: [listing],
      serial: other,
      now: nextUpdate,
      status: good,
    },
    {
      name: 'a millisecond later',
      crls: [listing],
      serial: other,
      now: shift(nextUpdate, 1),
      status: unknown('stale'),
    },
    {
      name: 'listed, though the list is stale',
      crls: [listing],
      serial: revoked,
      now: shift(nextUpdate, 365 * day),
      status: isRevoked,
    },
    { name: 'no list', crls: [], serial: other, now: noon, status: unknown('absent') },
    {
      name: 'a delta CRL alone',
      crls: [delta],
      serial: revoked,
      now: noon,
      status: unknown('unsupported_scope'),
    },
    {
      name: 'a list of a narrower scope alone',
      crls: [scoped],
      serial: other,
      now: noon,
      status: unknown('unsupported_scope'),
    },
    {
      name: 'a complete list beside a narrower one',
      crls: [scoped, listing],
      serial: other,
      now: noon,
      status: good,
    },
    {
      name: 'a complete list beside a narrower one, the instant both begin',
      crls: [scoped, listing],
      serial: other,
      now: thisUpdate,
      status: good,
    },
  ])('$name', ({ crls, serial, now, status }) => {
    expect(revocationStatus(crls, ask(serial), now)).toEqual(status)
  })
})

describe('which of several lists answers', () => {
  const earlier = at('2026-06-13T12:00:00Z')

  test.each([
    { name: 'the higher number', a: { number: 8 }, b: { number: 7 }, newer: true },
    { name: 'the lower number', a: { number: 7 }, b: { number: 8 }, newer: false },
    {
      name: 'the higher number, though it says it is older',
      a: { number: 8, thisUpdate: earlier },
      b: { number: 7 },
      newer: true,
    },
    {
      name: 'equal numbers: the later one',
      a: { thisUpdate },
      b: { thisUpdate: earlier },
      newer: true,
    },
    { name: 'equal numbers, equal times', a: {}, b: {}, newer: false },
    {
      name: 'no number on one side: the later one',
      a: { number: undefined },
      b: { number: 9, thisUpdate: earlier },
      newer: true,
    },
    {
      name: 'no number on one side: the earlier one',
      a: { number: 9, thisUpdate: earlier },
      b: { number: undefined },
      newer: false,
    },
    {
      name: 'no numbers',
      a: { number: undefined },
      b: { number: undefined, thisUpdate: earlier },
      newer: true,
    },
  ])('$name', async ({ a, b, newer }) => {
    expect(isNewer(await crl(a), await crl(b))).toBe(newer)
  })

  test('the newest, wherever it stands; of none, none', async () => {
    const [seven, eight, nine] = [
      await crl({ number: 7 }),
      await crl({ number: 8 }),
      await crl({ number: 9 }),
    ]
    expect(newest([seven, nine, eight])).toBe(nine)
    expect(newest([nine, eight, seven])).toBe(nine)
    expect(newest([])).toBeUndefined()
  })

  test('a certificate taken off the newest list is good again, one put on it revoked', async () => {
    const older = await crl({ number: 7, entries: [entry([0x2a])] })
    const newer = await crl({ number: 8, entries: [entry([0x2b])] })
    expect(revocationStatus([older, newer], ask(revoked), noon)).toMatchObject({ status: 'good' })
    expect(revocationStatus([newer, older], ask(other), noon)).toMatchObject({ status: 'revoked' })
  })

  test('a list of tomorrow does not answer today', async () => {
    const tomorrow = await crl({
      number: 8,
      thisUpdate: shift(noon, day),
      nextUpdate: shift(noon, 2 * day),
      entries,
    })
    expect(revocationStatus([listing, tomorrow], ask(other), noon)).toEqual({
      status: 'good',
      freshness: 'fresh',
    })
    expect(answeringCrl([listing, tomorrow], shift(noon, day))).toBe(tomorrow)
  })

  test('a newest list that is stale is not passed over for an older one', async () => {
    const stale = await crl({ number: 8, nextUpdate: shift(noon, -1) })
    expect(revocationStatus([listing, stale], ask(other), noon)).toEqual({
      status: 'unknown',
      gap: 'stale',
    })
  })

  test('lists that are not complete never answer', () => {
    expect(answeringCrl([delta, scoped], noon)).toBeUndefined()
  })
})
