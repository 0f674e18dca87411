import type { Instant } from '#shared/time.ts'
import type { StoreHead } from './managed-trust-store.ts'

/** How late one isolate knows what is in force: what a revoked device may gain by. Milliseconds. */
export interface Exposure {
  /** Since the control plane was asked for the head that decisions go by now; undefined before the first. */
  readonly ageMs: number | undefined
  /** The oldest that a decision went by since this was last told. */
  readonly ageMaxMs: number
  /**
   * From when the last new epoch was made, by the control plane's clock, to its adoption here, by this
   * one's; undefined before one came. What was in force before this isolate began does not count.
   */
  readonly adoptionMs: number | undefined
  /** The longest since this was last told. */
  readonly adoptionMaxMs: number | undefined
}

/** Takes note of what decisions go by. */
export interface ExposureNotes {
  decidedBy(askedAt: Instant, now: Instant): void
  adopted(before: StoreHead | undefined, head: StoreHead, now: Instant): void
  /** What was noted; the two longest begin anew with it. */
  told(askedAt: Instant | undefined, now: Instant): Exposure
}

/** Nothing noted yet, for one isolate. */
export function createExposure(): ExposureNotes {
  let ageMaxMs = 0
  let adoptionMs: number | undefined
  let adoptionMaxMs: number | undefined
  return {
    decidedBy(askedAt, now) {
      ageMaxMs = Math.max(ageMaxMs, now - askedAt)
    },
    adopted(before, head, now) {
      if (before === undefined || before.epoch === head.epoch) return
      adoptionMs = Math.max(0, now - head.at)
      adoptionMaxMs = Math.max(adoptionMaxMs ?? 0, adoptionMs)
    },
    told(askedAt, now) {
      const ageMs = askedAt === undefined ? undefined : now - askedAt
      const exposure = { ageMs, ageMaxMs, adoptionMs, adoptionMaxMs }
      ageMaxMs = 0
      adoptionMaxMs = undefined
      return exposure
    },
  }
}
