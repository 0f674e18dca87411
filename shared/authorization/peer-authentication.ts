/**
 * What a listener asks of its peers (Istio's PeerAuthentication). `strict`: a verified certificate;
 * `permissive`: a verified one or none, and never one that was refused, since a revoked device would
 * only have to show it; `disable`: none is looked at.
 */
export type PeerMode = 'strict' | 'permissive' | 'disable'

/** One setting, in force for everything, a namespace, or workloads with all of the labels. */
export interface PeerAuthentication {
  readonly scope:
    | { readonly kind: 'mesh' }
    | { readonly kind: 'namespace'; readonly namespace: string }
    | {
        readonly kind: 'workload'
        readonly namespace: string
        readonly labels: Readonly<Record<string, string>>
      }
  /** Undefined inherits from the next wider scope. */
  readonly mode: PeerMode | undefined
  /** Exceptions by port; of a workload alone, as in Istio. */
  readonly ports?: ReadonlyMap<number, PeerMode>
}

/** What a setting may be in force for. */
export interface Workload {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly port: number
}

/**
 * The mode in force: of the workload's port, else of the workload, its namespace, the mesh. Where
 * several settings of one scope disagree the strictest is in force: Istio takes the oldest, and
 * documents here have no age. Undefined where nothing is set: Istio's own is `permissive` then.
 */
export function peerModeOf(
  settings: readonly PeerAuthentication[],
  workload: Workload,
): PeerMode | undefined {
  const applying = settings.filter(({ scope }) => applies(scope, workload))
  const of = (kind: PeerAuthentication['scope']['kind']): readonly PeerAuthentication[] =>
    applying.filter(({ scope }) => scope.kind === kind)
  return (
    strictest(of('workload').map(({ ports }) => ports?.get(workload.port))) ??
    strictest(of('workload').map(({ mode }) => mode)) ??
    strictest(of('namespace').map(({ mode }) => mode)) ??
    strictest(of('mesh').map(({ mode }) => mode))
  )
}

function applies(scope: PeerAuthentication['scope'], { namespace, labels }: Workload): boolean {
  if (scope.kind === 'mesh') return true
  if (scope.namespace !== namespace) return false
  if (scope.kind === 'namespace') return true
  return Object.entries(scope.labels).every(([label, value]) => {
    return Object.hasOwn(labels, label) && labels[label] === value
  })
}

function strictest(modes: readonly (PeerMode | undefined)[]): PeerMode | undefined {
  return (['strict', 'permissive', 'disable'] as const).find((mode) => modes.includes(mode))
}
