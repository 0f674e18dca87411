import type { PathNormalisation } from '#shared/authorization/normalise-path.ts'
import type { AskProvider } from '#shared/authorization/authorize.ts'
import type { AuthorizationPolicy } from '#shared/authorization/policy.ts'
import type { VerificationPolicy } from '#shared/path/policy.ts'
import type { KeyRing } from '#shared/session/key-ring.ts'
import type { Limits } from '#shared/trust-store/trust-store.ts'
import type { Tokens } from './authorization/tokens.ts'
import type { EnrolmentSettings } from './enrollment/settings.ts'
import type { EvidenceRing } from './evidence/keys.ts'
import type { Platform } from './platforms/platform.ts'
import type { Forwarding } from './routing/forwarding.ts'

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

/** How client certificates are treated: of a whole listener, or of some of its hosts and paths. */
export interface ListenerPolicy {
  /** In log lines and metrics; of a listener's own variables it is their mode. */
  readonly policyName: string
  readonly mode: ListenerMode
  /** Under `verify`: a device without one is refused, or goes on without metadata and identity. */
  readonly certificate: 'required' | 'optional'
  readonly policy: VerificationPolicy
}

/** A policy for the requests whose host and path both match one of its patterns; without any, all do. */
export interface RoutedPolicy extends ListenerPolicy {
  /** Lower-case wildcards (`matchesWildcard`) over the host without its port. */
  readonly hosts: readonly string[]
  /** Wildcards over the normalised path. */
  readonly paths: readonly string[]
}

/** Policies, and whom the CUSTOM ones among them ask. */
export interface Authorizing {
  readonly policies: readonly AuthorizationPolicy[]
  readonly ask: AskProvider
}

/** Everything that is configured of one listener; its own policy counts where no other one is chosen. */
export interface Listener extends ListenerPolicy {
  readonly platform: Platform
  readonly hop: Hop
  /** In this order: the first that matches a request counts. */
  readonly policies: readonly RoutedPolicy[]
  /** What is made equal in paths before anything asks about them; undefined: nobody asks. */
  readonly paths: PathNormalisation | undefined
  readonly limits: Limits
  readonly maxStalenessMs: number
  /** Session cookies: absent where none are issued or taken. */
  readonly session: { readonly ring: KeyRing; readonly ttlMs: number } | undefined
  /** How each request is told of in the log. */
  readonly connectionLog: ConnectionLogForm
  /** Where counters are shown, and to whom; absent: nowhere, and nothing is counted. */
  readonly metrics: { readonly path: string; readonly token: string } | undefined
  /** Verifies tokens that requests bear beside a certificate; absent: none is looked at. */
  readonly tokens?: Tokens | undefined
  /** Which device may do what; absent: each may do all. */
  readonly authorization: Authorizing | undefined
  /** Signs what is decided, in the issuer's name, for targets to verify; absent: nothing is signed. */
  readonly evidence: { readonly ring: EvidenceRing; readonly issuer: string } | undefined
  /** New names of ALB's headers, by the names that ALB has for them; absent: ALB's own. */
  readonly renamed?: ReadonlyMap<string, string>
  /** How requests go on to targets. */
  readonly forwarding: Forwarding
  /** The secret that tells the target behind that a request came through here. */
  readonly targetHopSecret: string | undefined
  /** The EST server of this listener; absent: there is none, and its addresses are like any other. */
  readonly enrolment?: EnrolmentSettings | undefined
}

/** Header of the hop secret, both ways. */
export const hopHeader = 'x-sallyport-hop'
