import { anyPolicy, type PolicyMapping } from '#shared/x509/policy-extensions.ts'

/**
 * One policy of one certificate of a path, and the policies of its issuer that it stands below
 * (RFC 9618). A policy has one node a certificate however many ways lead to it: RFC 5280's tree has
 * one for each way, which is exponential (CVE-2023-0464).
 *
 * Links lead up only, so that a node nothing stands below is pruned by never being walked to.
 */
export interface PolicyNode {
  readonly policy: string
  readonly parents: readonly PolicyNode[]
}

/**
 * The lowest level of a graph, which is all that the next certificate needs. Without nodes the
 * graph is what RFC 5280 calls NULL. Its size is bounded by the policies and mappings of the
 * certificates above, whose number has bounds of its own.
 */
export interface PolicyLevel {
  readonly nodes: ReadonlyMap<string, PolicyNode>
  /** Which nodes expect a policy of the next certificate, by that policy. */
  readonly expected: ReadonlyMap<string, readonly PolicyNode[]>
}

/** RFC 5280 6.1.2 (a): the anchor stands for any policy. */
export function initialLevel(): PolicyLevel {
  return levelOf([{ policy: anyPolicy, parents: [] }])
}

/**
 * RFC 5280 6.1.3 (d) and (e): the level of the next certificate down.
 *
 * @param policies what the certificate lists; undefined where it has no certificatePolicies
 * @param isAnyTaken whether anyPolicy, if it is listed, stands for what is expected
 */
export function descend(
  level: PolicyLevel,
  policies: readonly string[] | undefined,
  isAnyTaken: boolean,
): PolicyLevel {
  const nodes = new Map<string, PolicyNode>()
  for (const policy of policies ?? []) {
    if (policy === anyPolicy) continue
    const parents = level.expected.get(policy) ?? level.expected.get(anyPolicy)
    if (parents !== undefined) nodes.set(policy, { policy, parents })
  }
  if (!isAnyTaken || policies?.includes(anyPolicy) !== true) return levelOf(nodes.values())
  for (const [policy, parents] of level.expected) {
    if (!nodes.has(policy)) nodes.set(policy, { policy, parents })
  }
  return levelOf(nodes.values())
}

/** RFC 5280 6.1.4 (b)(1): what the level's policies are called in the certificates below. */
export function mapPolicies(level: PolicyLevel, mappings: readonly PolicyMapping[]): PolicyLevel {
  const subjectsOf = new Map<string, Set<string>>()
  for (const { issuerDomain, subjectDomain } of mappings) {
    const subjects = subjectsOf.get(issuerDomain) ?? new Set()
    subjectsOf.set(issuerDomain, subjects.add(subjectDomain))
  }
  const any = level.nodes.get(anyPolicy)
  const nodes = new Map(level.nodes)
  for (const policy of subjectsOf.keys()) {
    // A policy that only anyPolicy stands for gets a node of its own, beside that one.
    if (any !== undefined && !nodes.has(policy)) nodes.set(policy, { policy, parents: any.parents })
  }
  return levelOf(nodes.values(), subjectsOf)
}

/** RFC 5280 6.1.4 (b)(2): where mapping is inhibited, policies that would be mapped end here. */
export function dropMapped(level: PolicyLevel, mappings: readonly PolicyMapping[]): PolicyLevel {
  const mapped = new Set(mappings.map(({ issuerDomain }) => issuerDomain))
  return levelOf([...level.nodes.values()].filter(({ policy }) => !mapped.has(policy)))
}

/**
 * RFC 9618 5.6: the authority-constrained-policy-set, the policies of the lowest level by the names
 * that the anchor's domain has for them. Walks every node once.
 */
export function authorityConstrainedPolicies(level: PolicyLevel): ReadonlySet<string> {
  const found = new Set<string>(level.nodes.has(anyPolicy) ? [anyPolicy] : [])
  // A Set grows while it is walked: what is added is walked too, and nothing twice.
  const reached = new Set(level.nodes.values())
  for (const { policy, parents } of reached) {
    for (const parent of parents) {
      if (parent.policy === anyPolicy && policy !== anyPolicy) found.add(policy)
      reached.add(parent)
    }
  }
  return found
}

function levelOf(
  all: Iterable<PolicyNode>,
  subjectsOf: ReadonlyMap<string, ReadonlySet<string>> = new Map(),
): PolicyLevel {
  const nodes = new Map<string, PolicyNode>()
  const expected = new Map<string, PolicyNode[]>()
  for (const node of all) {
    nodes.set(node.policy, node)
    for (const policy of subjectsOf.get(node.policy) ?? [node.policy]) {
      const expecting = expected.get(policy)
      if (expecting === undefined) expected.set(policy, [node])
      else expecting.push(node)
    }
  }
  return { nodes, expected }
}
