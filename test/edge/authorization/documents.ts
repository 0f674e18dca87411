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

export interface PeerSetting {
  readonly namespace?: string
  readonly mode?: string
  readonly app?: string
  readonly ports?: Readonly<Record<number, string>>
}

/** A PeerAuthentication as Istio writes it; of the root namespace unless told. */
export function peerDocument({
  namespace = 'istio-system',
  mode,
  app,
  ports,
}: PeerSetting): object {
  const portLevelMtls = Object.entries(ports ?? {}).map(([port, of]) => [port, { mode: of }])
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace },
    spec: {
      ...(mode !== undefined && { mtls: { mode } }),
      ...(app !== undefined && { selector: { matchLabels: { app } } }),
      ...(ports !== undefined && { portLevelMtls: Object.fromEntries(portLevelMtls) }),
    },
  }
}

/** A RequestAuthentication of one rule as Istio writes it. */
export function tokenDocument(rule: object): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'tokens' },
    spec: { jwtRules: [{ forwardOriginalToken: true, ...rule }] },
  }
}
