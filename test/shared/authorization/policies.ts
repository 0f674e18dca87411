import type { AuthorizationPolicy } from '#shared/authorization/policy.ts'
import { readAuthorizationPolicy } from '#shared/authorization/read-policy.ts'

export interface Written {
  readonly name?: string
  readonly namespace?: string
  readonly action?: string
  readonly provider?: unknown
  readonly rules?: unknown
  readonly dryRun?: boolean
}

/** A policy document as Istio writes it. */
export function document({ name = 'policy', namespace, dryRun, ...spec }: Written): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(dryRun === undefined ? {} : { annotations: { 'istio.io/dry-run': String(dryRun) } }),
    },
    spec,
  }
}

/** The policy of a document; the test is wrong where it has faults. */
export function policyOf(written: Written): AuthorizationPolicy {
  const policy = readAuthorizationPolicy(document(written), 'policy.yaml')
  if (!policy.ok) throw new Error(JSON.stringify(policy.error))
  return policy.value
}
