import { err, ok, type Result } from '#shared/result.ts'
import type { Instant } from '#shared/time.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** RFC 5280 4.1.2.5: X.509 knows whole seconds; the last one belongs to the validity to its end. */
const lastSecondMs = 999

/**
 * RFC 5280 6.1.3 (a)(2): the certificate validity period includes the current time, both ends
 * included, so a device is still accepted in the very second its certificate ends.
 *
 * @param graceMs how long after notAfter the certificate is still taken: 0 but for a leaf whose policy says more
 */
export function checkValidity(
  certificate: Pick<Certificate, 'validity'>,
  at: PathIndex,
  now: Instant,
  graceMs: number,
): Result<void, Rejection> {
  const { notBefore, notAfter } = certificate.validity
  // Asked so that a clock which gives no number refuses.
  if (!(now >= notBefore)) return err({ code: 'not_yet_valid', at, now, notBefore })
  if (!(now <= notAfter + lastSecondMs + graceMs))
    return err({ code: 'expired', at, now, notAfter })
  return ok(undefined)
}
