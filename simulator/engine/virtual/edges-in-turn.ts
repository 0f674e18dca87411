import type { InProcessEdge } from '#simulator/worker/in-process.ts'

/**
 * Several edges as one: requests come to them in turn, as a load balancer spreads them, and each knows
 * what it has seen itself. A session stays with the edge that took it.
 *
 * @param edges at least one; throws a RangeError for none
 */
export function edgesInTurn(edges: readonly InProcessEdge[]): InProcessEdge {
  const [first] = edges
  if (first === undefined) throw new RangeError('expected at least one edge')
  let turn = 0
  return {
    async deploy(gateway, target) {
      for (const edge of edges) await edge.deploy(gateway, target)
    },
    publish(name, octets) {
      for (const edge of edges) edge.publish(name, octets)
    },
    fetch(request, facts) {
      const edge = edges[turn % edges.length] ?? first
      turn += 1
      return edge.fetch(request, facts)
    },
    sessionOf(response) {
      for (const edge of edges) {
        const session = edge.sessionOf(response)
        if (session !== undefined) return session
      }
      return undefined
    },
    policy: () => first.policy(),
    async warm(store, issuers) {
      for (const edge of edges) await edge.warm(store, issuers)
    },
  }
}
