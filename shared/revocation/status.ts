import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { RevocationGap } from '#shared/verdict/rejection.ts'
import type { Crl } from './crl.ts'

/** What the CRLs at hand say of one certificate at one instant (RFC 5280 6.3). */
export type RevocationStatus =
  | { readonly status: 'good'; readonly crl: Crl }
  | { readonly status: 'revoked'; readonly since: Instant; readonly crl: Crl }
  | { readonly status: 'unknown'; readonly gap: RevocationGap }

/**
 * Asks the newest CRL of one issuer for one serial.
 *
 * @param crls CRLs whose signature by that issuer's key has been verified
 * @param serial content octets of the certificate's serial INTEGER
 */
export function revocationStatus(
  crls: readonly Crl[],
  serial: Bytes,
  at: Instant,
): RevocationStatus {
  if (crls.length === 0) return { status: 'unknown', gap: 'absent' }
  if (!crls.some(isComplete)) return { status: 'unknown', gap: 'unsupported_scope' }
  const crl = answeringCrl(crls, at)
  if (crl === undefined) return { status: 'unknown', gap: 'not_yet_current' }
  const entry = crl.index.find(serial)
  // A stale list still knows whom it revoked; only its silence is worth nothing.
  if (entry !== undefined) return { status: 'revoked', since: entry.since, crl }
  return at > crl.nextUpdate ? { status: 'unknown', gap: 'stale' } : { status: 'good', crl }
}

/** The newest complete CRL that is current at an instant: the one whose word counts, stale or not. */
export function answeringCrl(crls: readonly Crl[], at: Instant): Crl | undefined {
  return newest(crls.filter((crl) => isComplete(crl) && crl.thisUpdate <= at))
}

function isComplete(crl: Crl): boolean {
  return crl.criticalUnknown.length === 0
}

/** By CRL number first: of two lists of the same second the higher number is the later one. */
export function newest(crls: readonly Crl[]): Crl | undefined {
  return crls.reduce<Crl | undefined>(
    (best, crl) => (best === undefined || isNewer(crl, best) ? crl : best),
    undefined,
  )
}

/** Whether `a` supersedes `b`: by number (RFC 5280 5.2.3), by thisUpdate where either has none. */
export function isNewer(a: Crl, b: Crl): boolean {
  if (a.number === undefined || b.number === undefined || a.number === b.number) {
    return a.thisUpdate > b.thisUpdate
  }
  return a.number > b.number
}
