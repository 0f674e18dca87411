import type { PathNormalisation } from '#shared/authorization/normalise-path.ts'
import type { AuthorizationPolicy } from '#shared/authorization/policy.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import type { KeyRing } from '#shared/session/key-ring.ts'
import type { Limits } from '#shared/trust-store/trust-store.ts'
import type { EvidenceRing } from './evidence/keys.ts'
import type { Platform } from './platforms/platform.ts'

/** How one listener treats client certificates: ALB's three modes. */
export type ListenerMode = 'off' | 'passthrough' | 'verify'

/**
 * How a worker knows that what it reads was said by the TLS terminator and not by a client.
 * `runtime`: the facts lie outside the request's headers. `secret`: the terminator adds a header
 * only it knows. `private-names`: it writes its headers under names only it knows (ALB can rename,
 * and cannot add). `network`: the operator vouches that nobody else can reach this worker.
 */
export type Hop =
  | { readonly word: 'runtime' | 'private-names' | 'network' }
  | { readonly word: 'secret'; readonly secret: string }

/** `alb`: the fifteen fields of ALB's connection log; `json`: those and more. */
export type ConnectionLogForm = 'json' | 'alb' | 'off'

/** Everything that is configured of one listener. */
export interface Listener {
  readonly platform: Platform
  readonly hop: Hop
  readonly mode: ListenerMode
  readonly policy: VerificationPolicy
  readonly limits: Limits
  readonly maxStalenessMs: number
  /** Session cookies: absent where none are issued or taken. */
  readonly session: { readonly ring: KeyRing; readonly ttlMs: number } | undefined
  /** How each request is told of in the log. */
  readonly connectionLog: ConnectionLogForm
  /** Where counters are shown, and to whom; absent: nowhere, and nothing is counted. */
  readonly metrics: { readonly path: string; readonly token: string } | undefined
  /** Which device may do what, and what is made equal in paths before; absent: each may do all. */
  readonly authorization:
    | { readonly policies: readonly AuthorizationPolicy[]; readonly paths: PathNormalisation }
    | undefined
  /** Signs what is decided, in the issuer's name, for targets to verify; absent: nothing is signed. */
  readonly evidence: { readonly ring: EvidenceRing; readonly issuer: string } | undefined
  /** The secret that tells the target behind that a request came through here. */
  readonly targetHopSecret: string | undefined
}

/** Header of the hop secret, both ways. */
export const hopHeader = 'x-sallyport-hop'
