import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'

const clientAuth = '1.3.6.1.5.5.7.3.2'
const anyPurpose = '2.5.29.37.0'

/**
 * RFC 5280 4.2.1.12: a leaf whose purposes are restricted has id-kp-clientAuth among them.
 * anyExtendedKeyUsage alone is not enough, as OpenSSL and so ALB have it.
 */
export function checkLeafPurpose(leaf: Certificate, at: PathIndex): Result<void, Rejection> {
  const purposes = leaf.extensions.extendedKeyUsage
  if (purposes === undefined || purposes.includes(clientAuth)) return ok(undefined)
  return err({ code: 'purpose_forbids', at })
}

/** Purposes of a CA constrain what it issues, as every TLS stack in use applies them. */
export function checkIssuerPurpose(issuer: Certificate, at: PathIndex): Result<void, Rejection> {
  const purposes = issuer.extensions.extendedKeyUsage
  if (purposes === undefined) return ok(undefined)
  if (purposes.includes(clientAuth) || purposes.includes(anyPurpose)) return ok(undefined)
  return err({ code: 'purpose_forbids', at })
}
