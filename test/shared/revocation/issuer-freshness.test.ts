import { describe, expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { freshnessOfIssuers } from '#shared/revocation/issuer-freshness.ts'
import { shift, type Instant } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, entry } from '../crls.ts'
import { context, integer, octets, sequence } from '../der/writer.ts'
import { newKeys } from '../keys.ts'
import { at, createCa, extension, issueCa, noon } from '../pki.ts'
import { trust } from '../relying-party.ts'

const root = await createCa()
const issuing = await issueCa(root)
const thisUpdate = at('2026-06-14T12:00:00Z')
const nextUpdate = at('2026-06-16T12:00:00Z')
const hourMs = 3_600_000
const policy = { graceMs: hourMs, stale: 'refuse' } as const

async function rows(crls: readonly Bytes[], now: Instant = noon) {
  const store = await trust({ anchors: [root], intermediates: [issuing], crls })
  return freshnessOfIssuers(store, createAuthenticatedCrls(createWebCryptoVerifier()), now, policy)
}

test('an issuer with a list and one without', async () => {
  const list = { thisUpdate, nextUpdate, number: 7n, entries: 1, scope: undefined }
  expect(await rows([await createCrl(issuing, { entries: [entry([1])] })])).toEqual([
    { issuer: root.name, freshness: 'absent', list: undefined },
    { issuer: issuing.name, freshness: 'fresh', list },
  ])
})

describe('one list as time passes', () => {
  test.each([
    { now: shift(thisUpdate, -1), freshness: 'absent' },
    { now: thisUpdate, freshness: 'fresh' },
    { now: nextUpdate, freshness: 'fresh' },
    { now: shift(nextUpdate, 1), freshness: 'grace' },
    { now: shift(nextUpdate, hourMs), freshness: 'grace' },
    { now: shift(nextUpdate, hourMs + 1), freshness: 'stale' },
  ])('$freshness', async ({ now, freshness }) => {
    const [, row] = await rows([await createCrl(issuing)], now)
    expect(row?.freshness).toBe(freshness)
  })
})

/** Of each row the freshness, and the number of its list. */
async function words(crls: readonly Bytes[]): Promise<readonly string[]> {
  return (await rows(crls)).map(({ freshness, list }) => `${freshness} ${list?.number ?? 'none'}`)
}

describe('which lists count', () => {
  test('a forged one is none', async () => {
    const forged = await createCrl(issuing, { signedWith: await newKeys() })
    expect(await words([forged])).toEqual(['absent none', 'absent none'])
  })

  test('the newest, though an older one would be fresher', async () => {
    const stale = { number: 8, nextUpdate: shift(noon, -2 * hourMs) }
    const crls = [await createCrl(issuing), await createCrl(issuing, stale)]
    expect(await words(crls)).toEqual(['absent none', 'stale 8'])
  })

  test('each scope by itself', async () => {
    const scope = extension('2.5.29.28', sequence(context(1, octets(0xff))), 'critical')
    const crls = [
      await createCrl(issuing),
      await createCrl(issuing, { number: 9, extensions: { scope } }),
    ]
    expect(await words(crls)).toEqual(['absent none', 'fresh 7', 'fresh 9'])
  })

  test('a delta makes its list as new as itself, and is no list by itself', async () => {
    const base = extension('2.5.29.27', integer(7), 'critical')
    const delta = await createCrl(issuing, { number: 8, extensions: { base } })
    const ended = await createCrl(issuing, { nextUpdate: shift(noon, -2 * hourMs) })
    expect(await words([delta])).toEqual(['absent none', 'absent none'])
    expect(await words([ended])).toEqual(['absent none', 'stale 7'])
    expect(await words([ended, delta])).toEqual(['absent none', 'fresh 7'])
  })

  test('one name with two keys is one issuer', async () => {
    const renewed = await issueCa(root)
    const store = await trust({
      anchors: [root],
      intermediates: [issuing, renewed],
      crls: [await createCrl(issuing), await createCrl(renewed, { number: 8 })],
    })
    const crls = createAuthenticatedCrls(createWebCryptoVerifier())
    const told = await freshnessOfIssuers(store, crls, noon)
    expect(told.map(({ list }) => list?.number)).toEqual([undefined, 8n])
  })
})
