import { ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { allowsKeyUsage } from '../checks/key-usage.ts'
import { first } from '../first.ts'
import { checkAccessDescriptions } from './access-descriptions.ts'
import { checkCriticality } from './criticality.ts'
import {
  checkAuthorityKeyIdentifier,
  checkSerial,
  checkSubjectKeyIdentifier,
} from './identifiers.ts'
import { listedExtensions, type ListedExtensions } from './listed-extensions.ts'
import { checkHostNames, checkHostSubtrees, checkNameStrings, checkSubjectNamed } from './names.ts'
import type { Role } from './profile.ts'
import { violated } from './violation.ts'

/**
 * What RFC 5280 section 4 asks of certificates, beyond what section 6.1 asks of paths. Hierarchies
 * made with bare tools break it every day, so it is asked where a policy says so.
 */
export function checkProfile(
  certificate: Certificate,
  at: PathIndex,
  role: Role,
  profile: 'rfc5280' | 'conforming',
): Result<void, Rejection> {
  const listed = listedExtensions(certificate)
  if (!listed.ok) {
    return violated(at, 'extensions', `byte ${listed.error.offset}`, listed.error.expected)
  }
  return first(
    () => checkCriticality(certificate, at, listed.value, profile),
    () => checkAccessDescriptions(at, listed.value),
    () => checkHostSubtrees(certificate, at),
    () => (role === 'anchor' ? ok(undefined) : checkIssued(certificate, at, listed.value)),
    () => (role === 'leaf' ? ok(undefined) : checkBasicConstraintsPresent(certificate, at)),
    () => (profile === 'conforming' ? checkHabits(certificate, at, role) : ok(undefined)),
  )
}

/** What identifies a certificate below an anchor; an anchor is known by its name and its key. */
function checkIssued(
  certificate: Certificate,
  at: PathIndex,
  listed: ListedExtensions,
): Result<void, Rejection> {
  return first(
    () => checkVersion(certificate, at),
    () => checkSerial(certificate, at),
    () => checkSubjectNamed(certificate, at, listed),
    () => checkNameStrings(certificate, at),
    () => checkHostNames(certificate, at),
  )
}

/** RFC 5280 4.1.2.1 with 4.2.1.1: what is issued bears extensions, and so is of version 3. */
function checkVersion({ version }: Certificate, at: PathIndex): Result<void, Rejection> {
  return version === 3 ? ok(undefined) : violated(at, 'version', `version ${version}`, 'version 3')
}

/** What verifiers in use do without, and test suites too: asked of CAs that are audited. */
function checkHabits(certificate: Certificate, at: PathIndex, role: Role): Result<void, Rejection> {
  return first(
    () => checkAuthorityKeyIdentifier(certificate, at),
    () => checkPathLengthOfCa(certificate, at),
    () => (role === 'leaf' ? ok(undefined) : checkCaHabits(certificate, at)),
  )
}

function checkCaHabits(ca: Certificate, at: PathIndex): Result<void, Rejection> {
  return first(
    () => checkSubjectKeyIdentifier(ca, at),
    () => checkKeyUsagePresent(ca, at),
  )
}

/** RFC 5280 4.2.1.9: basicConstraints is in every CA's certificate, an anchor's too. */
function checkBasicConstraintsPresent(
  { extensions }: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  if (extensions.basicConstraints?.ca === true) return ok(undefined)
  return violated(at, 'basic_constraints', 'none', 'cA true')
}

/** RFC 5280 4.2.1.9: a path length is only where cA is true and the key may sign certificates. */
function checkPathLengthOfCa(certificate: Certificate, at: PathIndex): Result<void, Rejection> {
  const { basicConstraints } = certificate.extensions
  if (basicConstraints?.pathLength === undefined) return ok(undefined)
  if (!basicConstraints.ca) return violated(at, 'path_length_of_ca', 'cA false', 'cA true')
  if (allowsKeyUsage(certificate, 'keyCertSign')) return ok(undefined)
  return violated(at, 'path_length_of_ca', 'no keyCertSign', 'keyCertSign')
}

/** RFC 5280 4.2.1.3: keyUsage is in every certificate whose key verifies certificates. */
function checkKeyUsagePresent({ extensions }: Certificate, at: PathIndex): Result<void, Rejection> {
  if (extensions.keyUsage !== undefined) return ok(undefined)
  return violated(at, 'key_usage', 'none', 'keyCertSign')
}
