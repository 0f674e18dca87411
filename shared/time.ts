declare const instant: unique symbol

/** Milliseconds since 1970-01-01T00:00:00Z. Branded, so that a duration is never taken for one. */
export type Instant = number & { readonly [instant]: true }

/** Where time comes from: an argument everywhere, so that a simulated world can bring its own. */
export interface Clock {
  now(): Instant
}

/** The instant so many milliseconds after 1970-01-01T00:00:00Z. */
export function instantFromMs(ms: number): Instant {
  return ms as Instant
}

/** The instant of an ISO 8601 date-time with a zone; throws a RangeError that names the text otherwise. */
export function instantFromIso(text: string): Instant {
  const ms = Date.parse(text)
  if (Number.isNaN(ms) || !/(Z|[+-]\d\d:?\d\d)$/.test(text)) {
    throw new RangeError(
      `"${text}" is not an ISO 8601 date-time with a zone, like 2026-01-31T12:00:00Z`,
    )
  }
  return ms as Instant
}

/** `at` moved by `ms` milliseconds, forward or (negative) back. */
export function shift(at: Instant, ms: number): Instant {
  return (at + ms) as Instant
}

/**
 * Milliseconds since `at`, for what is asked again when it is old. What is dated in the future was dated
 * before the clock was set back: nobody knows how old it is, so it is older than anything.
 */
export function ageAt(now: Instant, at: number): number {
  return at > now ? Number.POSITIVE_INFINITY : now - at
}

/** ISO 8601 in UTC to the second, as X.509 knows time: `2026-01-31T12:00:00Z`. */
export function isoFromInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
