export interface Written {
  readonly name?: string
  readonly action?: string
  readonly provider?: unknown
  readonly rules?: unknown
  readonly dryRun?: boolean
}

/** An authorization policy as Istio writes it. */
export function policyDocument({ name = 'policy', dryRun, ...spec }: Written): object {
  const annotations = { 'istio.io/dry-run': String(dryRun) }
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: dryRun === undefined ? { name } : { name, annotations },
    spec,
  }
}
