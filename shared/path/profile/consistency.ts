import { emptyNameOctets } from '#shared/x509/name-syntax.ts'
import { ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { allowsKeyUsage } from '../checks/key-usage.ts'
import { firstOf } from '../first.ts'
import { violated } from './violation.ts'

/**
 * What no hierarchy does by habit, so that it hints at a forgery or at a device that was given the
 * marks of a CA. Asked of every certificate of a path, under every profile.
 *
 * A path length where cA is false (RFC 5280 4.2.1.9) is not among them: CAs in the field write it.
 */
export function checkConsistency(certificate: Certificate, at: PathIndex): Result<void, Rejection> {
  return firstOf(consistencyChecks, certificate, at)
}

const consistencyChecks = [checkIssuerNamed, checkConstraintsOfCa, checkSigningOfCa] as const

/** RFC 5280 4.1.2.4: the issuer's name is not empty; so, by chaining, is no CA's subject (4.1.2.6). */
function checkIssuerNamed({ issuer }: Certificate, at: PathIndex): Result<void, Rejection> {
  if (issuer.length > emptyNameOctets) return ok(undefined)
  return violated(at, 'issuer_named', 'an empty name', 'a name')
}

/** RFC 5280 4.1.2.6: a CA's subject is not empty, an anchor's neither. */
export function checkAnchorNamed(
  { subject }: Pick<Certificate, 'subject'>,
  at: PathIndex,
): Result<void, Rejection> {
  if (subject.length > emptyNameOctets) return ok(undefined)
  return violated(at, 'issuer_named', 'an empty name', 'a name')
}

/** RFC 5280 4.2.1.10: name constraints are in CA certificates only. */
function checkConstraintsOfCa(certificate: Certificate, at: PathIndex): Result<void, Rejection> {
  if (isCa(certificate) || certificate.extensions.nameConstraints === undefined) {
    return ok(undefined)
  }
  return violated(at, 'name_constraints_of_ca', 'cA false', 'cA true')
}

/** RFC 5280 4.2.1.3 and 4.2.1.9: where keyCertSign is asserted, so is cA. */
function checkSigningOfCa(certificate: Certificate, at: PathIndex): Result<void, Rejection> {
  const isAsserted =
    certificate.extensions.keyUsage !== undefined && allowsKeyUsage(certificate, 'keyCertSign')
  if (isCa(certificate) || !isAsserted) return ok(undefined)
  return violated(at, 'certificate_signing_of_ca', 'cA false', 'cA true')
}

function isCa({ extensions }: Certificate): boolean {
  return extensions.basicConstraints?.ca === true
}
