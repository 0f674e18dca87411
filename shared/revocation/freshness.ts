import type { Instant } from '#shared/time.ts'

/** What a relying party makes of a list whose next update is past. */
export interface FreshnessPolicy {
  /** Milliseconds after nextUpdate, inclusive, through which a list still clears certificates. */
  readonly staleGraceMs: number
  /** What a list is worth after that. It goes on revoking in any case. */
  readonly stale: 'refuse' | 'accept'
}

export const strictFreshness: FreshnessPolicy = { staleGraceMs: 0, stale: 'refuse' }

export type Freshness = 'fresh' | 'grace' | 'stale'

/** RFC 5280 5.1.2.5: a list is fresh through its nextUpdate, then in grace, then stale. */
export function freshnessAt(nextUpdate: Instant, at: Instant, staleGraceMs: number): Freshness {
  if (at <= nextUpdate) return 'fresh'
  return at <= nextUpdate + staleGraceMs ? 'grace' : 'stale'
}
