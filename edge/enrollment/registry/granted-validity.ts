import { instantFromMs, shift, type Instant } from '#shared/time.ts'

/** RFC 5280 4.1.2.5: both ends belong to it. */
export interface Validity {
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** Issued a minute before: clocks of devices are behind (step-ca does so too). */
export const backdateMs = 60_000

/** What is granted where nobody says how long: 90 days, as CAs of device fleets do. */
export const defaultValidityMs = 90 * 86_400_000

/** A certificate that is good for so long from now on. X.509 knows whole seconds. */
export function validityFrom(now: Instant, validityMs: number): Validity {
  const second = instantFromMs(Math.floor(now / 1000) * 1000)
  return {
    notBefore: shift(second, -backdateMs),
    notAfter: shift(second, Math.floor(validityMs / 1000) * 1000),
  }
}

/**
 * The same length from now on. What is granted is a length: a CA that was away when it was granted
 * certifies from when it is back, and no device pays for the outage with days of its certificate.
 */
export const validityAgain = (now: Instant, { notBefore, notAfter }: Validity): Validity =>
  validityFrom(now, notAfter - notBefore - backdateMs)
