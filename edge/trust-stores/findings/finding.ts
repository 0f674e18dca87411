import type { Instant } from '#shared/time.ts'

/** Something about a trust store that will break, or has. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** Which list, certificate, source or quota, in words that stay the same from look to look. */
  readonly subject: string
  /** When it breaks, or since when it has. */
  readonly at: Instant
  /** For people: what is wrong, with the values. */
  readonly because: string
  /** For people: what to do. */
  readonly advice: string
}

/** `severe`: devices are refused, or will be before anybody reads mail. `notice`: nothing to do yet. */
export type Severity = 'notice' | 'warning' | 'severe'

export type FindingCode =
  | 'list_near_expiry'
  | 'list_expired'
  | 'list_missing'
  | 'list_from_the_future'
  | 'list_number_went_back'
  | 'delta_without_base'
  | 'ca_near_expiry'
  | 'ca_expired'
  | 'intermediate_without_path'
  | 'anchor_unused'
  | 'near_limit'
  | 'source_failing'
  | 'clock_skew'
  | 'update_refused'

/** Most severe first; of one severity what breaks first. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  const rank = { severe: 0, warning: 1, notice: 2 } as const
  return findings.toSorted(
    (one, other) => rank[one.severity] - rank[other.severity] || one.at - other.at,
  )
}
