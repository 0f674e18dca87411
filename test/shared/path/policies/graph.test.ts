import { expect, test } from 'vitest'
import {
  authorityConstrainedPolicies,
  descend,
  initialLevel,
  mapPolicies,
  type PolicyNode,
} from '#shared/path/policies/graph.ts'

/** Every node that can be walked to, once, and the links between them. */
function sizeOf(lowest: Iterable<PolicyNode>): { readonly nodes: number; readonly links: number } {
  const reached = new Set(lowest)
  let links = 0
  for (const { parents } of reached) {
    links += parents.length
    for (const parent of parents) reached.add(parent)
  }
  return { nodes: reached.size, links }
}

test.each([{ depth: 1 }, { depth: 10 }, { depth: 40 }])(
  'each policy mapped to each, $depth times over, grows no faster than the certificates (CVE-2023-0464)',
  ({ depth }) => {
    const policies = Array.from({ length: 8 }, (_, index) => `1.2.3.${index}`)
    const eachToEach = policies.flatMap((issuerDomain) =>
      policies.map((subjectDomain) => ({ issuerDomain, subjectDomain })),
    )
    let level = initialLevel()
    for (let passed = 0; passed < depth; passed += 1) {
      level = mapPolicies(descend(level, policies, true), eachToEach)
    }
    const { nodes, links } = sizeOf(level.nodes.values())
    expect(nodes).toBe(1 + policies.length * depth)
    expect(links).toBe(policies.length + eachToEach.length * (depth - 1))
    expect([...authorityConstrainedPolicies(level)].toSorted()).toEqual(policies)
  },
)
