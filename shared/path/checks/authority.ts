import { err, ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { equalNames } from '#shared/x509/name.ts'
import { allowsKeyUsage, usageForbidden } from './key-usage.ts'

/** RFC 5280 6.1.4 (k): an issuer says that it is a CA; a version 1 certificate cannot. */
export function checkBasicConstraints(issuer: Certificate, at: PathIndex): Result<void, Rejection> {
  return issuer.extensions.basicConstraints?.ca === true ? ok(undefined) : err(noCa(issuer, at))
}

function noCa({ extensions }: Certificate, at: PathIndex): Rejection {
  const basicConstraints = extensions.basicConstraints === undefined ? 'absent' : 'cA false'
  return { code: 'not_a_ca', at, basicConstraints }
}

/** RFC 5937: an anchor need not say that it is a CA, but one that says it is none issues nothing. */
export function checkAnchorBasicConstraints(
  anchor: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  return anchor.extensions.basicConstraints?.ca === false ? err(noCa(anchor, at)) : ok(undefined)
}

/** RFC 5280 6.1.4 (n): an issuer whose key usage is restricted may sign certificates. */
export function checkCertificateSigning(
  issuer: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  return allowsKeyUsage(issuer, 'keyCertSign')
    ? ok(undefined)
    : err(usageForbidden(issuer, at, 'keyCertSign'))
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
  const found = below.filter((certificate) => !isSelfIssued(certificate)).length
  return found <= limit ? ok(undefined) : err({ code: 'path_length_exceeded', at, found, limit })
}

/** Decided once for each certificate: a search asks for every way that it tries. */
const selfIssued = new WeakMap<Certificate, boolean>()

/** RFC 5280 6.1: issuer and subject are the same name (a key rollover, say). */
export function isSelfIssued(certificate: Certificate): boolean {
  const before = selfIssued.get(certificate)
  if (before !== undefined) return before
  const is = equalNames(certificate.subject, certificate.issuer)
  selfIssued.set(certificate, is)
  return is
}
