import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate, Extensions } from '#shared/x509/certificate.ts'
import { noExtensions } from '#shared/x509/extensions.ts'
import { anyPolicy } from '#shared/x509/policy-extensions.ts'
import type { CandidatePath } from '../candidate-path.ts'
import { isSelfIssued } from '../checks/authority.ts'
import type { AnchorRules, CertificatePolicyRules } from '../policy.ts'
import {
  constrain,
  countDown,
  explicitAfterLeaf,
  initialCounters,
  type PolicyCounters,
} from './counters.ts'
import {
  authorityConstrainedPolicies,
  descend,
  dropMapped,
  initialLevel,
  mapPolicies,
  type PolicyLevel,
} from './graph.ts'

/** Between two certificates of a path: the policies that hold, and the rules to come. */
interface PolicyState {
  readonly level: PolicyLevel
  readonly counters: PolicyCounters
}

/**
 * RFC 5280 6.1.2 to 6.1.5, as far as certificate policies go, with the graph of RFC 9618 in place of
 * the tree.
 *
 * @returns the user-constrained-policy-set, in the names of the anchor's domain; `anyPolicy` is
 *   among them where no certificate and no rule says which
 */
export function processPolicies(
  { certificates, anchor }: CandidatePath,
  rules: CertificatePolicyRules,
  { constraints }: Pick<AnchorRules, 'constraints'>,
): Result<readonly string[], Rejection> {
  const ofAnchor = constraints === 'ignore' ? noExtensions : anchor.certificate.extensions
  if (!rules.requireExplicit && saysNothing(ofAnchor) && certificates.every(isSilent)) return ok([])
  const started = startAtAnchor(ofAnchor, certificates.length, rules)
  if (!started.ok) return started
  let state = started.value
  for (let at = certificates.length - 1; at > 0; at -= 1) {
    const issuer = certificates[at] ?? certificates[0]
    const passed = passIssuer(state, issuer, at, rules)
    if (!passed.ok) return passed
    state = passed.value
  }
  return concludeAtLeaf(state, certificates[0], rules)
}

/**
 * Most hierarchies of devices know no policies. A leaf without any ends the graph (RFC 5280 6.1.3
 * (e)), and where nobody maps or requires one, nothing is left that could refuse.
 */
function saysNothing(extensions: Extensions): boolean {
  const { certificatePolicies, policyMappings, policyConstraints } = extensions
  return (
    certificatePolicies === undefined &&
    policyMappings === undefined &&
    policyConstraints === undefined
  )
}

function isSilent({ extensions }: Certificate): boolean {
  return saysNothing(extensions)
}

/**
 * RFC 5280 6.1.2, narrowed by what the anchor's own certificate says (RFC 5937): its policies, if
 * it lists any, its mappings and its constraints. It is no part of the path, and so counts for none.
 */
function startAtAnchor(
  anchor: Extensions,
  length: number,
  rules: CertificatePolicyRules,
): Result<PolicyState, Rejection> {
  const { certificatePolicies } = anchor
  const any = initialLevel()
  const level = certificatePolicies === undefined ? any : descend(any, certificatePolicies, true)
  const counters = initialCounters(rules, length)
  const mapped = applyMappings(level, counters.mapping, anchor, length)
  return mapped.ok ? ok({ level: mapped.value, counters: constrain(counters, anchor) }) : mapped
}

function passIssuer(
  state: PolicyState,
  issuer: Certificate,
  at: PathIndex,
  rules: CertificatePolicyRules,
): Result<PolicyState, Rejection> {
  const isSelf = isSelfIssued(issuer)
  const isAnyTaken = state.counters.any > 0 || isSelf
  const level = descend(state.level, issuer.extensions.certificatePolicies, isAnyTaken)
  const explicit = checkExplicit(level, state.counters.explicit, issuer, at, rules)
  if (!explicit.ok) return explicit
  const mapped = applyMappings(level, state.counters.mapping, issuer.extensions, at)
  if (!mapped.ok) return mapped
  const counted = isSelf ? state.counters : countDown(state.counters)
  return ok({ level: mapped.value, counters: constrain(counted, issuer.extensions) })
}

/** RFC 5280 6.1.3 (f): where a policy is required, one still holds. */
function checkExplicit(
  level: PolicyLevel,
  explicit: number,
  certificate: Certificate,
  at: PathIndex,
  rules: CertificatePolicyRules,
): Result<void, Rejection> {
  if (explicit > 0 || level.nodes.size > 0) return ok(undefined)
  const offered = certificate.extensions.certificatePolicies ?? []
  return err({ code: 'policy_required', at, initial: rules.initial, offered })
}

/** RFC 5280 6.1.4 (a) and (b): anyPolicy is mapped neither way; the rest while mapping is allowed. */
function applyMappings(
  level: PolicyLevel,
  mappingLeft: number,
  { policyMappings }: Extensions,
  at: PathIndex,
): Result<PolicyLevel, Rejection> {
  if (policyMappings === undefined) return ok(level)
  for (const { issuerDomain, subjectDomain } of policyMappings) {
    if (issuerDomain === anyPolicy || subjectDomain === anyPolicy) {
      return err({ code: 'policy_mapping_forbidden', at, issuerDomain, subjectDomain })
    }
  }
  return ok(
    mappingLeft > 0 ? mapPolicies(level, policyMappings) : dropMapped(level, policyMappings),
  )
}

/**
 * RFC 5280 6.1.3 for the leaf, where only a counter above 0 takes anyPolicy, and 6.1.5, whose last
 * question, (g), answers that of 6.1.3 (f) as well.
 */
function concludeAtLeaf(
  { level: above, counters }: PolicyState,
  leaf: Certificate,
  rules: CertificatePolicyRules,
): Result<readonly string[], Rejection> {
  const level = descend(above, leaf.extensions.certificatePolicies, counters.any > 0)
  const policies = userConstrained(authorityConstrainedPolicies(level), rules)
  if (policies.length > 0 || explicitAfterLeaf(counters, leaf.extensions) > 0) return ok(policies)
  const offered = leaf.extensions.certificatePolicies ?? []
  return err({ code: 'policy_required', at: 0, initial: rules.initial, offered })
}

/** RFC 5280 6.1.5 (g): of the policies that hold those the relying party takes, each once, in order. */
function userConstrained(
  authority: ReadonlySet<string>,
  { initial }: CertificatePolicyRules,
): readonly string[] {
  if (initial === 'any' || initial.includes(anyPolicy)) return [...authority].toSorted()
  const taken = initial.filter((policy) => authority.has(anyPolicy) || authority.has(policy))
  return [...new Set(taken)].toSorted()
}
