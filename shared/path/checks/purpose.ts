import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { PurposeRules } from '../policy.ts'

/** RFC 5280 4.2.1.12: id-kp-clientAuth and id-kp-serverAuth. */
const purposeOf = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const
const anyPurpose = '2.5.29.37.0'

/**
 * RFC 5280 4.2.1.12: a leaf whose purposes are restricted has the one it is used for among them.
 * anyExtendedKeyUsage alone is not enough, as OpenSSL and so ALB have it, unless the rules say so.
 */
export function checkLeafPurpose(
  leaf: Certificate,
  at: PathIndex,
  rules: PurposeRules,
): Result<void, Rejection> {
  const purposes = leaf.extensions.extendedKeyUsage
  if (rules.use === 'any' || purposes === undefined) return ok(undefined)
  const needed = purposeOf[rules.use]
  if (purposes.includes(needed)) return ok(undefined)
  if (rules.anyExtendedKeyUsage === 'accept' && purposes.includes(anyPurpose)) return ok(undefined)
  return err({ code: 'purpose_forbids', at, needed, allowed: purposes })
}

/**
 * Purposes of a CA constrain what it issues, as every TLS stack in use applies them; those of an
 * anchor as well, as OpenSSL has it of its roots.
 */
export function checkIssuerPurpose(
  issuer: Certificate,
  at: PathIndex,
  rules: PurposeRules,
): Result<void, Rejection> {
  if (rules.use === 'any' || rules.of === 'leaf') return ok(undefined)
  const purposes = issuer.extensions.extendedKeyUsage
  if (purposes === undefined) return ok(undefined)
  const needed = purposeOf[rules.use]
  if (purposes.includes(needed) || purposes.includes(anyPurpose)) return ok(undefined)
  return err({ code: 'purpose_forbids', at, needed, allowed: purposes })
}
