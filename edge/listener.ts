import type { VerificationPolicy } from '#shared/path/policy.ts'
import type { KeyRing } from '#shared/session/key-ring.ts'
import type { Limits } from '#shared/trust-store/trust-store.ts'
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
  /** The secret that tells the target behind that a request came through here. */
  readonly targetHopSecret: string | undefined
}

/** Header of the hop secret, both ways. */
export const hopHeader = 'x-sallyport-hop'
