import { expect, test } from 'vitest'
import { buildVerifiedPath } from '#shared/path/build.ts'
import { freshBudget } from '#shared/path/budget.ts'
import type { CertificatePolicyRules } from '#shared/path/policy.ts'
import { context, octets, oid, sequence } from '../../der/writer.ts'
import { certificateOf, createCa, extension, issue, issueCa } from '../../pki.ts'
import { relyingParty, trust, withoutRevocation } from '../../relying-party.ts'

const gold = '1.3.6.1.4.1.55738.9.1'
const silver = '1.3.6.1.4.1.55738.9.2'
const listed = (policy: string) =>
  extension('2.5.29.32', sequence(sequence(oid(policy))), 'critical')

const root = await createCa()
const issuing = await issueCa(root, {
  extensions: {
    policies: listed(gold),
    mappings: extension('2.5.29.33', sequence(sequence(oid(gold), oid(silver))), 'critical'),
    constraints: extension('2.5.29.36', sequence(context(0, octets(0))), 'critical'),
  },
})

async function verdict(policy: string, rules: Partial<CertificatePolicyRules> = {}) {
  const leaf = await issue(issuing, { extensions: { policies: listed(policy) } })
  const { certificatePolicies, ...rest } = withoutRevocation
  const party = relyingParty(await trust({ anchors: [root] }), {
    policy: { ...rest, certificatePolicies: { ...certificatePolicies, ...rules } },
  })
  const found = await buildVerifiedPath(certificateOf(leaf), [certificateOf(issuing)], {
    ...party,
    budget: freshBudget(),
  })
  return found.ok ? found.value.policies : found.error
}

test('a verified path tells its policies by the names of the anchor domain', async () => {
  expect(await verdict(silver)).toEqual([gold])
  expect(await verdict(silver, { initial: [gold, silver] })).toEqual([gold])
})

test.each([
  { name: 'the CA requires a policy', policy: gold, rules: {}, initial: 'any', offered: [gold] },
  {
    name: 'the relying party takes another',
    policy: silver,
    rules: { initial: [silver] },
    initial: [silver],
    offered: [silver],
  },
])('$name', async ({ policy, rules, initial, offered }) => {
  expect(await verdict(policy, rules)).toEqual({ code: 'policy_required', at: 0, initial, offered })
})
