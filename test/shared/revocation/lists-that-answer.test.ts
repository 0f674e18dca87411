import { describe, expect, test } from 'vitest'
import { noExtensions } from '#shared/x509/extensions.ts'
import type { Bytes } from '#shared/bytes.ts'
import { answeringCrl, isNewer, listsInForce, revocationStatus } from '#shared/revocation/status.ts'
import { shift } from '#shared/time.ts'
import { createCrl, crlOf, entry, reason, type CrlOverrides } from '../crls.ts'
import { integer, nul, octets } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { at, createCa, extension, noon } from '../pki.ts'

const ca = await createCa({ keys: await newKeys() })
const crl = async (overrides: CrlOverrides = {}) => crlOf(await createCrl(ca, overrides))
const question = { serial: octets(0x2a), issuer: ca.name, isCa: false, extensions: noExtensions }

const listed: CrlOverrides = { entries: [entry([0x2a])] }
const takenOff: CrlOverrides = { entries: [entry([0x2a], reason(8))] }
const odd = { odd: extension('1.2.3', nul, 'critical') }
const delta = (overrides: CrlOverrides, extensions: Readonly<Record<string, Bytes>> = {}) =>
  crl({
    number: 8,
    ...overrides,
    extensions: { base: extension('2.5.29.27', integer(7), 'critical'), ...extensions },
  })

describe('a list with a critical extension that nobody here knows answers for nothing (RFC 5280 5.2)', () => {
  test('a complete one', async () => {
    const unknown = { status: 'unknown', gap: 'unsupported_scope' }
    for (const list of [{}, listed]) {
      const unread = await crl({ ...list, extensions: odd })
      expect(await revocationStatus([unread], question, noon)).toEqual(unknown)
      expect(answeringCrl([unread], noon)).toBeUndefined()
      expect(listsInForce([unread], noon)).toEqual([])
    }
  })

  test('a delta: it neither lists a certificate nor takes one off', async () => {
    const [clear, revoking] = [await crl(), await crl(listed)]
    const [adds, takes] = [await delta(listed, odd), await delta(takenOff, odd)]
    expect(await revocationStatus([clear, adds], question, noon)).toMatchObject({ status: 'good' })
    expect(await revocationStatus([revoking, takes], question, noon)).toMatchObject({
      status: 'revoked',
    })
    const known = await delta(takenOff)
    expect(await revocationStatus([revoking, known], question, noon)).toMatchObject({
      status: 'good',
    })
  })

  test('nor does such a delta keep a list fresh', async () => {
    const ended = await crl({ nextUpdate: at('2026-06-15T00:00:00Z') })
    const lists = [ended, await delta({}, odd)]
    expect(await revocationStatus(lists, question, noon)).toMatchObject({ gap: 'stale' })
    expect(listsInForce(lists, noon)).toEqual([{ crl: ended, nextUpdate: ended.nextUpdate }])
  })
})

describe('from when on a delta counts', () => {
  const revoking = crl(listed)

  test.each([
    { title: 'from its own instant', beforeMs: 0, says: 'good' },
    { title: 'not a millisecond before', beforeMs: 1, says: 'revoked' },
  ])('$title: $says', async ({ beforeMs, says }) => {
    const takes = await delta({ ...takenOff, thisUpdate: noon })
    const now = shift(noon, -beforeMs)
    const status = await revocationStatus([await revoking, takes], question, now)
    expect(status).toMatchObject({ status: says })
  })

  test('one that ends before its list leaves the list as fresh as it is', async () => {
    const complete = await crl()
    const brief = await delta({ nextUpdate: at('2026-06-15T00:00:00Z') })
    const status = await revocationStatus([complete, brief], question, noon)
    expect(status).toEqual({ status: 'good', freshness: 'fresh' })
    const [inForce] = listsInForce([complete, brief], noon)
    expect(inForce?.nextUpdate).toBe(complete.nextUpdate)
  })
})

test('no list that begins a second from now answers', async () => {
  const later = await crl({ thisUpdate: shift(noon, 1000), number: 9 })
  const current = await crl({ thisUpdate: noon })
  expect(answeringCrl([later], noon)).toBeUndefined()
  expect(answeringCrl([later, current], noon)).toBe(current)
})

test.each([
  { title: 'a higher number', a: { number: 8 }, b: { number: 7 }, says: true },
  { title: 'a lower one', a: { number: 7 }, b: { number: 8 }, says: false },
  { title: 'the same', a: { number: 7 }, b: { number: 7 }, says: false },
  {
    title: 'the same number, later',
    a: { number: 7, thisUpdate: noon },
    b: { number: 7 },
    says: true,
  },
  {
    title: 'later, the other without a number',
    a: { number: 1, thisUpdate: noon },
    b: { number: undefined },
    says: true,
  },
  {
    title: 'earlier, the other without a number',
    a: { number: 9 },
    b: { number: undefined, thisUpdate: noon },
    says: false,
  },
  {
    title: 'later, without a number itself',
    a: { number: undefined, thisUpdate: noon },
    b: { number: 9 },
    says: true,
  },
])('whether a list is the newer one (RFC 5280 5.2.3): $title: $says', async ({ a, b, says }) => {
  expect(isNewer(await crl(a), await crl(b))).toBe(says)
})
