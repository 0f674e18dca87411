import type { Instant } from '#shared/time.ts'

/**
 * What a relying party makes of how an issuer's lists stand: fresh ones clear whom they do not name,
 * and for everything else there is a word. Whom any of them revokes is revoked, under every word.
 */
export interface FreshnessPolicy {
  /** `grace`: milliseconds after nextUpdate, inclusive, through which a list clears like a fresh one. */
  readonly graceMs: number
  /** `stale`: whether silence of a list is taken after that. */
  readonly stale: 'refuse' | 'accept'
  /**
   * `absent`: whether a certificate is taken that no list answers for (RFC 5280 6.3.3: UNDETERMINED):
   * there is none, none has begun, none covers it or all reasons, none is made as the policy asks.
   */
  readonly absent: 'refuse' | 'accept'
}

export const strictFreshness: FreshnessPolicy = { graceMs: 0, stale: 'refuse', absent: 'refuse' }

export type Freshness = 'fresh' | 'grace' | 'stale'

/** RFC 5280 5.1.2.5: a list is fresh through its nextUpdate, then in grace, then stale. */
export function freshnessAt(nextUpdate: Instant, at: Instant, graceMs: number): Freshness {
  if (at <= nextUpdate) return 'fresh'
  return at <= nextUpdate + graceMs ? 'grace' : 'stale'
}
