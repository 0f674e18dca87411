import { describe, expect, test } from 'vitest'
import { checkRevocation } from '#shared/path/checks/revocation.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { profiles } from '#shared/path/profile/profiles.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import { questionOf } from '#shared/revocation/scope.ts'
import { algorithmSets } from '#shared/x509/algorithm-sets.ts'
import { createCrl, crlOf, entry, type CrlOverrides } from '../../crls.ts'
import { context, octets, sequence } from '../../der/writer.ts'
import { newKeys } from '../../keys.ts'
import { at, certificateOf, createCa, extension, issue, noon } from '../../pki.ts'
import { trust } from '../../relying-party.ts'

const hourMs = 3_600_000
const keys = await newKeys('Ed25519')
const root = await createCa({ keys })
const question = questionOf(certificateOf(await issue(root)))
const store = await trust({ anchors: [root] })

/** Of an instant so many hours before noon. */
const listOf = async (hours: number, overrides: CrlOverrides = {}) =>
  crlOf(await createCrl(root, { thisUpdate: hoursBefore(hours), ...overrides }))

function hoursBefore(hours: number) {
  return at(new Date(noon - hours * hourMs).toISOString().replace('.000', ''))
}

/** What lists say under these words, the strict ones for all else. */
async function said(crls: readonly Crl[], words: Partial<VerificationPolicy>) {
  const policy = { ...strictPolicy, ...words }
  const result = await checkRevocation(
    question,
    0,
    { crls, forged: false },
    { store, policy, now: noon },
  )
  if (result.ok) return 'ok'
  return result.error.code === 'revocation_unknown' ? result.error.gap : result.error.code
}

const aged = (maxAgeMs?: number): Partial<VerificationPolicy> => ({
  revocation: { ...strictPolicy.revocation, ...(maxAgeMs !== undefined && { maxAgeMs }) },
})

const listed: CrlOverrides = { entries: [entry([0x2a])] }
/** Half of what a certificate may be revoked for: keyCompromise, and the rest (RFC 5280 5.2.5). */
const scoped = (reasons: readonly number[]): CrlOverrides => ({
  extensions: {
    scope: extension('2.5.29.28', sequence(context(3, octets(...reasons))), 'critical'),
  },
})
const keyCompromise = scoped([6, 0x40])
const otherReasons = scoped([7, 0x3f, 0x80])

describe('how old a list may be that clears a certificate, whatever its nextUpdate says', () => {
  test.each([
    { title: 'as old as may be', maxAgeMs: 10 * hourMs, says: 'ok' },
    { title: 'a millisecond older', maxAgeMs: 10 * hourMs - 1, says: 'stale' },
    { title: 'of any age, where nobody asks', maxAgeMs: undefined, says: 'ok' },
  ])('$title: $says', async ({ maxAgeMs, says }) => {
    expect(await said([await listOf(10)], aged(maxAgeMs))).toBe(says)
  })

  test('an older list goes on revoking', async () => {
    expect(await said([await listOf(10, listed)], aged(hourMs))).toBe('revoked')
    expect(await said([await listOf(10, listed)], aged())).toBe('revoked')
  })

  test('a younger one of the same scope clears beside it', async () => {
    const [old, young] = [await listOf(10, { number: 1 }), await listOf(1, { number: 2 })]
    expect(await said([old, young], aged(2 * hourMs))).toBe('ok')
  })

  test('where reasons are divided, each list has to be young', async () => {
    const old = await listOf(10, keyCompromise)
    const [young, rest] = [await listOf(1, keyCompromise), await listOf(1, otherReasons)]
    expect(await said([young, rest], aged(2 * hourMs))).toBe('ok')
    expect(await said([old, rest], aged(2 * hourMs))).toBe('stale')
    expect(await said([old, rest], aged())).toBe('ok')
  })
})

describe('how a list that clears is made: as certificates are to be', () => {
  test('signed with an algorithm of the policy’s set', async () => {
    const list = await listOf(1)
    expect(await said([list], {})).toBe('ok')
    expect(await said([list], { algorithms: algorithmSets.alb })).toBe('not_as_asked')
    expect(await said([await listOf(1, listed)], { algorithms: algorithmSets.alb })).toBe('revoked')
  })

  test('kept to the profile', async () => {
    const list = await listOf(1)
    expect(await said([list], { profile: profiles.rfc5280 })).toBe('ok')
    expect(await said([list], { profile: profiles.conforming })).toBe('not_as_asked')
    expect(await said([await listOf(1, listed)], { profile: profiles.conforming })).toBe('revoked')
  })

  test('a list that is as asked clears beside one that is not', async () => {
    const aki = extension('2.5.29.35', sequence(context(0, octets(1))))
    const conforming = await listOf(1, { number: 8, extensions: { aki } })
    const lists = [await listOf(1), conforming]
    expect(await said(lists, { profile: profiles.conforming })).toBe('ok')
  })

  test('too old is told before not as asked', async () => {
    const words = { ...aged(hourMs), profile: profiles.conforming }
    expect(await said([await listOf(10)], words)).toBe('stale')
    expect(await said([await listOf(1)], words)).toBe('not_as_asked')
  })
})
