import { describe, expect, test } from 'vitest'
import { checkRevocation } from '#shared/path/checks/revocation.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import type { FreshnessPolicy } from '#shared/revocation/freshness.ts'
import { questionOf } from '#shared/revocation/scope.ts'
import { createCrl, crlOf } from '../../crls.ts'
import { at, certificateOf, createCa, issue, noon } from '../../pki.ts'

const root = await createCa()
const question = questionOf(certificateOf(await issue(root)))
const current = crlOf(await createCrl(root))
const stale = crlOf(await createCrl(root, { nextUpdate: at('2026-06-15T00:00:00Z') }))
const early = crlOf(await createCrl(root, { thisUpdate: at('2026-06-16T00:00:00Z') }))

const policyOf = (
  unknown: 'refuse' | 'accept',
  freshness?: FreshnessPolicy,
): VerificationPolicy => ({
  ...strictPolicy,
  revocation: { of: 'leaf', unknown, ...(freshness !== undefined && { freshness }) },
})

const patient: FreshnessPolicy = { staleGraceMs: 0, stale: 'accept' }
const impatient: FreshnessPolicy = { staleGraceMs: 0, stale: 'refuse' }

describe('what an unknown status comes to', () => {
  test.each([
    { name: 'a current list', crls: [current], policy: policyOf('refuse'), says: 'ok' },
    { name: 'no list', crls: [], policy: policyOf('refuse'), says: 'absent' },
    { name: 'no list, taken', crls: [], policy: policyOf('accept'), says: 'ok' },
    {
      name: 'no list, taken, whatever is said of stale ones',
      crls: [],
      policy: policyOf('accept', impatient),
      says: 'ok',
    },
    {
      name: 'forged lists alone',
      crls: [],
      forged: true,
      policy: policyOf('refuse'),
      says: 'forged',
    },
    {
      name: 'forged lists alone, where the unknown is taken',
      crls: [],
      forged: true,
      policy: policyOf('accept'),
      says: 'forged',
    },
    {
      name: 'a stale list beside forged ones',
      crls: [stale],
      forged: true,
      policy: policyOf('refuse'),
      says: 'stale',
    },
    {
      name: 'a stale list beside forged ones, where the unknown is taken',
      crls: [stale],
      forged: true,
      policy: policyOf('accept'),
      says: 'ok',
    },
    { name: 'a stale list', crls: [stale], policy: policyOf('refuse'), says: 'stale' },
    { name: 'a stale list, taken', crls: [stale], policy: policyOf('accept'), says: 'ok' },
    {
      name: 'a stale list, where freshness has its own word',
      crls: [stale],
      policy: policyOf('accept', impatient),
      says: 'stale',
    },
    {
      name: 'a stale list, where that word takes it',
      crls: [stale],
      policy: policyOf('refuse', patient),
      says: 'ok',
    },
    {
      name: 'a list from tomorrow, taken, where freshness has its own word',
      crls: [early],
      policy: policyOf('accept', impatient),
      says: 'ok',
    },
    {
      name: 'a list from tomorrow',
      crls: [early],
      policy: policyOf('refuse'),
      says: 'not_yet_current',
    },
  ])('$name: $says', ({ crls, forged = false, policy, says }) => {
    const result = checkRevocation(question, 3, { crls, forged }, policy, noon)
    const refused = { code: 'revocation_unknown', at: 3, serial: '2A', gap: says }
    expect(result.ok ? 'ok' : result.error).toEqual(says === 'ok' ? 'ok' : refused)
  })
})
