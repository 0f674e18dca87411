import { describe, expect, test } from 'vitest'
import { processPolicies } from '#shared/path/policies/process.ts'
import { strictPolicy, type CertificatePolicyRules } from '#shared/path/policy.ts'
import { anyPolicy } from '#shared/x509/policy-extensions.ts'
import { pathOf, policiesOf, type Says } from './path.ts'

const gold = '1.3.6.1.4.1.55738.9.1'
const silver = '1.3.6.1.4.1.55738.9.2'
const bronze = '1.3.6.1.4.1.55738.9.3'

const lists = (...certificatePolicies: readonly string[]): Says => ({ certificatePolicies })
const maps = (...pairs: readonly (readonly [string, string])[]): Says => ({
  policyMappings: pairs.map(([issuerDomain, subjectDomain]) => ({ issuerDomain, subjectDomain })),
})
const requires = (requireExplicit: number): Says => ({
  policyConstraints: { requireExplicit, inhibitMapping: undefined },
})
const inhibitsMapping = (inhibitMapping: number): Says => ({
  policyConstraints: { requireExplicit: undefined, inhibitMapping },
})
const inhibitsAny = (inhibitAnyPolicy: number): Says => ({ inhibitAnyPolicy })
const silent: Says = {}
const selfIssued: Says = { isSelfIssued: true }

interface Case {
  readonly name: string
  /** Leaf first. */
  readonly chain: readonly [Says, ...Says[]]
  readonly anchor?: Says
  readonly rules?: Partial<CertificatePolicyRules>
  readonly says: readonly string[] | string
}

function testAll(cases: readonly Case[]): void {
  test.each(cases)('$name: $says', ({ chain, rules, anchor, says }) => {
    expect(policiesOf(chain, rules, anchor)).toEqual(says)
  })
}

const strict = { requireExplicit: true } as const

describe('policies are told, and rules kept, where nobody requires one', () => {
  testAll([
    { name: 'a policy all the way', chain: [lists(gold), lists(gold)], says: [gold] },
    { name: 'of the leaf alone', chain: [lists(gold)], says: [gold] },
    {
      name: 'mapped by each',
      chain: [maps([gold, silver]), maps([anyPolicy, gold])],
      says: 'policy_mapping_forbidden at 1',
    },
    { name: 'required by the leaf itself', chain: [requires(0)], says: 'policy_required at 0' },
    {
      name: 'required by an anchor',
      chain: [silent],
      anchor: requires(0),
      says: 'policy_required at 0',
    },
  ])

  test('required by an anchor whose own rules are ignored', () => {
    expect(policiesOf([silent], {}, requires(0), 'ignore')).toEqual([])
    expect(policiesOf([lists(gold)], {}, lists(silver), 'ignore')).toEqual([gold])
    expect(policiesOf([lists(gold)], {}, lists(silver))).toEqual([])
  })
})

describe('policies that certificates list (RFC 5280 6.1.3 (d) and (e))', () => {
  testAll([
    { name: 'none at all, and none required', chain: [silent, silent], says: [] },
    { name: 'none at all', chain: [silent], rules: strict, says: 'policy_required at 0' },
    {
      name: 'the same one all the way',
      chain: [lists(gold), lists(gold)],
      rules: strict,
      says: [gold],
    },
    {
      name: 'what both list',
      chain: [lists(bronze, gold), lists(gold, silver)],
      rules: strict,
      says: [gold],
    },
    { name: 'another one, and none required', chain: [lists(silver), lists(gold)], says: [] },
    {
      name: 'another one',
      chain: [lists(silver), lists(gold)],
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'an issuer that lists none',
      chain: [lists(gold), silent, lists(gold)],
      rules: strict,
      says: 'policy_required at 1',
    },
    {
      name: 'anyPolicy of an issuer',
      chain: [lists(gold), lists(anyPolicy)],
      rules: strict,
      says: [gold],
    },
    {
      name: 'anyPolicy of a leaf',
      chain: [lists(anyPolicy), lists(gold, silver)],
      rules: strict,
      says: [gold, silver],
    },
    {
      name: 'anyPolicy all the way',
      chain: [lists(anyPolicy), lists(anyPolicy)],
      rules: strict,
      says: [anyPolicy],
    },
    {
      name: 'anyPolicy beside one that the next certificate takes',
      chain: [lists(gold, silver), lists(gold, anyPolicy)],
      rules: strict,
      says: [gold, silver],
    },
  ])
})

const takes = (...initial: readonly string[]) => ({ initial, requireExplicit: true })

describe('the policies that a relying party takes (6.1.5 (g))', () => {
  testAll([
    { name: 'the one', chain: [lists(gold)], rules: takes(gold), says: [gold] },
    { name: 'another', chain: [lists(gold)], rules: takes(silver), says: 'policy_required at 0' },
    { name: 'no policy', chain: [lists(gold)], rules: takes(), says: 'policy_required at 0' },
    {
      name: 'another, and none required',
      chain: [lists(gold)],
      rules: { initial: [silver] },
      says: [],
    },
    {
      name: 'two of those in the path',
      chain: [lists(gold, silver, bronze)],
      rules: takes(bronze, gold),
      says: [gold, bronze],
    },
    { name: 'anyPolicy', chain: [lists(gold)], rules: takes(anyPolicy), says: [gold] },
    {
      name: 'all of them where the path says any',
      chain: [lists(anyPolicy)],
      rules: takes(gold, silver),
      says: [gold, silver],
    },
  ])
})

describe('when a policy begins to be required (6.1.4 (h) and (i), 6.1.5 (a) and (b))', () => {
  testAll([
    { name: 'by a CA, at once', chain: [silent, requires(0)], says: 'policy_required at 0' },
    {
      name: 'by a CA, after one more: the leaf',
      chain: [silent, requires(1)],
      says: 'policy_required at 0',
    },
    { name: 'by a CA, after two more', chain: [silent, requires(2)], says: [] },
    {
      name: 'a self-issued CA does not count',
      chain: [silent, selfIssued, requires(2)],
      says: [],
    },
    {
      name: 'an issued one does',
      chain: [silent, silent, requires(2)],
      says: 'policy_required at 0',
    },
    {
      name: 'before a CA that lists none',
      chain: [lists(gold), silent, { ...lists(gold), ...requires(0) }],
      says: 'policy_required at 1',
    },
    {
      name: 'a later CA cannot put it off',
      chain: [silent, requires(9), requires(2)],
      says: 'policy_required at 0',
    },
    { name: 'by the leaf itself', chain: [requires(0)], says: 'policy_required at 0' },
    { name: 'by the leaf for what comes below it', chain: [requires(1)], says: [] },
    {
      name: 'and there is one',
      chain: [lists(gold), { ...lists(gold), ...requires(0) }],
      says: [gold],
    },
  ])
})

describe('mappings (6.1.4 (a) and (b))', () => {
  const renaming: Says = { ...lists(gold), ...maps([gold, silver]) }
  testAll([
    {
      name: 'the name of the anchor domain is told',
      chain: [lists(silver), renaming],
      rules: strict,
      says: [gold],
    },
    {
      name: 'the old name is none below',
      chain: [lists(gold), renaming],
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'one policy to two',
      chain: [lists(bronze), { ...lists(gold), ...maps([gold, silver], [gold, bronze]) }],
      rules: strict,
      says: [gold],
    },
    {
      name: 'two policies to one',
      chain: [lists(bronze), { ...lists(gold, silver), ...maps([gold, bronze], [silver, bronze]) }],
      rules: strict,
      says: [gold, silver],
    },
    {
      name: 'two mappings in a row',
      chain: [lists(bronze), { ...lists(silver), ...maps([silver, bronze]) }, renaming],
      rules: strict,
      says: [gold],
    },
    {
      name: 'a policy that anyPolicy stands for',
      chain: [lists(silver), { ...lists(anyPolicy), ...maps([gold, silver]) }],
      rules: { ...strict, initial: [gold] },
      says: [gold],
    },
    {
      name: 'a policy that the CA does not list',
      chain: [lists(bronze), { ...lists(gold), ...maps([silver, bronze]) }],
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'the relying party wants none',
      chain: [lists(silver), renaming],
      rules: { ...strict, inhibitMapping: true },
      says: 'policy_required at 0',
    },
    {
      name: 'a CA above inhibits it at once',
      chain: [lists(silver), renaming, { ...lists(gold), ...inhibitsMapping(0) }],
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'a CA above inhibits it after one more',
      chain: [lists(silver), renaming, { ...lists(gold), ...inhibitsMapping(1) }],
      rules: strict,
      says: [gold],
    },
    {
      name: 'a mapping of the CA that inhibits it',
      chain: [lists(silver), { ...renaming, ...inhibitsMapping(0) }],
      rules: strict,
      says: [gold],
    },
    {
      name: 'inhibited, what is not mapped stays',
      chain: [lists(bronze), { ...lists(gold, bronze), ...maps([gold, silver]) }],
      rules: { ...strict, inhibitMapping: true },
      says: [bronze],
    },
    {
      name: 'from anyPolicy',
      chain: [silent, maps([anyPolicy, gold])],
      says: 'policy_mapping_forbidden at 1',
    },
    {
      name: 'to anyPolicy',
      chain: [silent, maps([gold, silver], [gold, anyPolicy])],
      says: 'policy_mapping_forbidden at 1',
    },
  ])
})

describe('inhibited anyPolicy (6.1.3 (d)(2), 6.1.4 (j))', () => {
  const any = lists(anyPolicy)
  testAll([
    {
      name: 'by the relying party',
      chain: [any],
      rules: { ...strict, inhibitAny: true },
      says: 'policy_required at 0',
    },
    {
      name: 'by a CA, at once',
      chain: [any, { ...lists(gold), ...inhibitsAny(0) }],
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'by a CA, after one more',
      chain: [any, { ...lists(gold), ...inhibitsAny(1) }],
      rules: strict,
      says: [gold],
    },
    {
      name: 'a self-issued CA may still say it',
      chain: [lists(gold), { ...any, ...selfIssued }, { ...lists(gold), ...inhibitsAny(0) }],
      rules: strict,
      says: [gold],
    },
    {
      name: 'a self-issued leaf may not',
      chain: [
        { ...any, ...selfIssued },
        { ...lists(gold), ...inhibitsAny(0) },
      ],
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'what else is listed holds',
      chain: [lists(anyPolicy, gold)],
      rules: { ...strict, inhibitAny: true },
      says: [gold],
    },
  ])
})

describe('what the anchor says of itself (RFC 5937)', () => {
  testAll([
    { name: 'nothing', chain: [lists(gold)], anchor: {}, rules: strict, says: [gold] },
    {
      name: 'the policy',
      chain: [lists(gold)],
      anchor: lists(gold, silver),
      rules: strict,
      says: [gold],
    },
    {
      name: 'another policy',
      chain: [lists(gold)],
      anchor: lists(silver),
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'that one is required',
      chain: [silent],
      anchor: requires(0),
      says: 'policy_required at 0',
    },
    { name: 'that one is required later', chain: [silent], anchor: requires(2), says: [] },
    {
      name: 'that anyPolicy is none',
      chain: [lists(anyPolicy)],
      anchor: inhibitsAny(0),
      rules: strict,
      says: 'policy_required at 0',
    },
    {
      name: 'a mapping to anyPolicy',
      chain: [silent],
      anchor: maps([gold, anyPolicy]),
      says: 'policy_mapping_forbidden at 1',
    },
  ])
})

test('a refusal tells what was asked for and what was offered', () => {
  const rules = { initial: [gold], requireExplicit: true, inhibitMapping: false, inhibitAny: false }
  expect(processPolicies(pathOf([lists(silver)]), rules, strictPolicy.anchor)).toEqual({
    ok: false,
    error: { code: 'policy_required', at: 0, initial: [gold], offered: [silver] },
  })
})

test('a forbidden mapping is told', () => {
  const rules = {
    initial: 'any',
    requireExplicit: false,
    inhibitMapping: false,
    inhibitAny: false,
  } as const
  const path = pathOf([silent, maps([anyPolicy, gold])])
  expect(processPolicies(path, rules, strictPolicy.anchor)).toEqual({
    ok: false,
    error: {
      code: 'policy_mapping_forbidden',
      at: 1,
      issuerDomain: anyPolicy,
      subjectDomain: gold,
    },
  })
})
