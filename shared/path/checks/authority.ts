import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames } from '#shared/x509/name.ts'
import { allowsKeyUsage } from './key-usage.ts'

/** RFC 5280 6.1.4 (k): an issuer says that it is a CA; a version 1 certificate cannot. */
export function checkBasicConstraints(issuer: Certificate, at: PathIndex): Result<void, Rejection> {
  return issuer.extensions.basicConstraints?.ca === true
    ? ok(undefined)
    : err({ code: 'not_a_ca', at })
}

/** RFC 5937: an anchor need not say that it is a CA, but one that says it is none issues nothing. */
export function checkAnchorBasicConstraints(
  anchor: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  return anchor.extensions.basicConstraints?.ca === false
    ? err({ code: 'not_a_ca', at })
    : ok(undefined)
}

/** RFC 5280 6.1.4 (n): an issuer whose key usage is restricted may sign certificates. */
export function checkCertificateSigning(
  issuer: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  return allowsKeyUsage(issuer, 'keyCertSign')
    ? ok(undefined)
    : err({ code: 'key_usage_forbids', at, needed: 'keyCertSign' })
}

/**
 * RFC 5280 6.1.4 (l) and (m): at most `pathLenConstraint` intermediates that are not self-issued
 * stand between an issuer and the leaf.
 *
 * @param below the intermediates between this issuer and the leaf
 */
export function checkPathLength(
  issuer: Certificate,
  at: PathIndex,
  below: readonly Certificate[],
): Result<void, Rejection> {
  const limit = issuer.extensions.basicConstraints?.pathLength
  if (limit === undefined) return ok(undefined)
  const counted = below.filter((certificate) => !isSelfIssued(certificate)).length
  return counted <= limit ? ok(undefined) : err({ code: 'path_length_exceeded', at, limit })
}

/** RFC 5280 6.1: issuer and subject are the same name (a key rollover, say). */
export function isSelfIssued(certificate: Certificate): boolean {
  return equalNames(certificate.subject, certificate.issuer)
}
