import { expect, test } from 'vitest'
import { countDown, initialCounters } from '#shared/path/policies/counters.ts'
import { strictPolicy } from '#shared/path/policy.ts'
import { anyPolicy } from '#shared/x509/policy-extensions.ts'
import { policiesOf, type Says } from './path.ts'

const gold = '1.3.6.1.4.1.55738.9.1'
const silver = '1.3.6.1.4.1.55738.9.2'
const lists = (...certificatePolicies: readonly string[]): Says => ({ certificatePolicies })
const goldToSilver: Says = {
  policyMappings: [{ issuerDomain: gold, subjectDomain: silver }],
}

test.each([
  { name: 'an anchor that lists anyPolicy', anchor: lists(anyPolicy), says: [gold] },
  { name: 'an anchor that lists the policy', anchor: lists(gold), says: [gold] },
  {
    name: 'an anchor that lists another',
    anchor: lists(silver),
    says: 'policy_required at 0',
  },
])('RFC 5937: $name: $says', ({ anchor, says }) => {
  expect(policiesOf([lists(gold)], { requireExplicit: true }, anchor)).toEqual(says)
})

/** RFC 5280 6.1.3 (d)(2): anyPolicy stands for what is expected only while inhibit_anyPolicy is above 0. */
test.each([
  { name: 'not inhibited', issuer: lists(anyPolicy), inhibitAny: false, says: [gold] },
  { name: 'inhibited', issuer: lists(anyPolicy), inhibitAny: true, says: 'policy_required at 1' },
  {
    name: 'inhibited, in a self-issued issuer',
    issuer: { ...lists(anyPolicy), isSelfIssued: true },
    inhibitAny: true,
    says: [gold],
  },
])('anyPolicy of an issuer, $name: $says', ({ issuer, inhibitAny, says }) => {
  const chain = [lists(gold), issuer] as const
  expect(policiesOf(chain, { requireExplicit: true, inhibitAny })).toEqual(says)
})

test('RFC 5280 6.1.4 (b)(2): a policy that may not be mapped ends where it would have been', () => {
  const inhibited = { requireExplicit: true, inhibitMapping: true }
  const issuer = { ...lists(gold), ...goldToSilver }
  expect(policiesOf([lists(silver), issuer], inhibited)).toBe('policy_required at 0')
  expect(policiesOf([lists(gold), issuer], inhibited)).toBe('policy_required at 0')
  expect(
    policiesOf([lists(gold, silver), { ...lists(gold, silver), ...goldToSilver }], inhibited),
  ).toEqual([silver])
})

test('a policy that an issuer lists keeps its own place where it also lists anyPolicy', () => {
  const above = { ...lists(gold, silver), ...goldToSilver }
  expect(policiesOf([lists(silver), lists(silver, anyPolicy), above])).toEqual([gold, silver])
})

test('RFC 5280 6.1.2 (d) to (f): without a rule each counter outlasts every certificate of the path', () => {
  let counters = initialCounters(strictPolicy.certificatePolicies, 3)
  for (let passed = 0; passed < 3; passed += 1) counters = countDown(counters)
  expect(counters).toEqual({ explicit: 1, mapping: 1, any: 1 })
})
