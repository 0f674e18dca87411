import { ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { isSelfIssued } from '../checks/authority.ts'
import { violated } from './violation.ts'

/** RFC 5280 4.2.1.1: every certificate but a self-signed one names the key that signed it. */
export function checkAuthorityKeyIdentifier(
  certificate: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  const { authorityKeyIdentifier } = certificate.extensions
  if (authorityKeyIdentifier !== undefined || isSelfIssued(certificate)) return ok(undefined)
  return violated(at, 'authority_key_identifier', 'none', 'a key identifier')
}

/** RFC 5280 4.2.1.2: every CA's certificate names its key. */
export function checkSubjectKeyIdentifier(ca: Certificate, at: PathIndex): Result<void, Rejection> {
  if (ca.extensions.subjectKeyIdentifier !== undefined) return ok(undefined)
  return violated(at, 'subject_key_identifier', 'none', 'a key identifier')
}

/** RFC 5280 4.1.2.2: a serial number is positive. */
export function checkSerial({ serial }: Certificate, at: PathIndex): Result<void, Rejection> {
  const isNegative = (serial[0] ?? 0) >= 0x80
  if (!isNegative && serial.some((octet) => octet !== 0)) return ok(undefined)
  return violated(at, 'serial_positive', isNegative ? 'a negative number' : '0', '1 or more')
}
