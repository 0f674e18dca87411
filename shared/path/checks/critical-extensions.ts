import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

/** RFC 5280 6.1.4 (o) and 6.1.5 (f): a critical extension that is not processed refuses the path. */
export function checkCriticalExtensions(
  certificate: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  const [oid] = certificate.extensions.criticalUnknown
  return oid === undefined ? ok(undefined) : err({ code: 'critical_extension_unknown', at, oid })
}
