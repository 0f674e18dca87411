import { shift, type Instant } from '#shared/time.ts'

/** A number from 0 up to, and without, 1. */
export type Chance = () => number

/** The first wait after a failure; it doubles with each. */
const firstRetryMs = 60_000

/** A tenth of the interval, so that a thousand stores do not ask one publisher at one moment. */
const spreadRatio = 0.1

/** When a source that answered is asked again: after its interval, and up to a tenth later. */
export function nextAfterAnswer(now: Instant, everyMs: number, chance: Chance): Instant {
  return shift(now, Math.round(everyMs * (1 + spreadRatio * chance())))
}

/**
 * When a source that failed so many times in a row is asked again: after a minute, doubled with each
 * failure up to its interval; of that the second half by chance, so that many that failed together
 * do not come back together. Where it named a time itself (RFC 9110 10.2.3), not before, as long as
 * that is within its interval.
 */
export function nextAfterFailure(
  now: Instant,
  { everyMs, failures, retryAfterMs = 0 }: FailedSource,
  chance: Chance,
): Instant {
  // Beyond thirty doublings every interval is reached.
  const doubled = firstRetryMs * 2 ** Math.min(failures - 1, 30)
  const waitMs = Math.min(everyMs, doubled) * (0.5 + 0.5 * chance())
  return shift(now, Math.round(Math.max(waitMs, Math.min(retryAfterMs, everyMs))))
}

/** A source that failed. */
export interface FailedSource {
  readonly everyMs: number
  /** In a row, this one among them: 1 and more. */
  readonly failures: number
  readonly retryAfterMs?: number | undefined
}
