import { strictFreshness } from '#shared/revocation/freshness.ts'
import { expect, test } from 'vitest'
import { algorithmSets } from '#shared/x509/algorithm-sets.ts'
import { tolerant } from '#shared/path/profile/profile.ts'
import { expiryGraceMs, strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'

test.each<{ readonly expired: VerificationPolicy['expired']; readonly graceMs: number }>([
  { expired: { word: 'refuse' }, graceMs: 0 },
  { expired: { word: 'grace', forMs: 60_000 }, graceMs: 60_000 },
  { expired: { word: 'allow' }, graceMs: Number.POSITIVE_INFINITY },
])('$expired is $graceMs ms of grace', ({ expired, graceMs }) => {
  expect(expiryGraceMs({ ...strictPolicy, expired })).toBe(graceMs)
})

test('the strict policy has the strict word, but where fleets of the field would not follow', () => {
  expect(strictPolicy).toEqual({
    expired: { word: 'refuse' },
    revocation: { of: 'chain', freshness: strictFreshness },
    attested: 'refuse',
    certificatePolicies: {
      initial: 'any',
      requireExplicit: false,
      inhibitMapping: false,
      inhibitAny: false,
    },
    purpose: { use: 'client', anyExtendedKeyUsage: 'refuse', of: 'chain' },
    anchor: { validity: 'ignore', constraints: 'enforce' },
    algorithms: algorithmSets.modern,
    profile: tolerant,
  })
})
