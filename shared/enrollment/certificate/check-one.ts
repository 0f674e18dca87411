import { listedExtensions } from '#shared/path/profile/listed-extensions.ts'
import type { Instant } from '#shared/time.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { checkFamiliesOfCertificate } from '../families/families.ts'
import type { Finding } from '../finding.ts'
import { checkKey } from '../keys/check-key.ts'
import { readKey } from '../keys/read-key.ts'
import { checkNames } from '../names.ts'
import { profiles, type DeviceProfile } from '../profile.ts'
import { subjectOf } from '../subject.ts'
import type { CertificateFacts, Role } from './certificate-facts.ts'
import { checkEncoding } from './encoding.ts'
import { checkFields } from './fields.ts'
import { checkMarks } from './marks.ts'
import { checkPointers } from './pointers.ts'
import { checkUsages } from './usages.ts'

export function factsOfCertificate(
  certificate: Certificate,
  path: string,
  role: Role,
  profile: DeviceProfile,
  at: Instant,
): CertificateFacts {
  const listed = listedExtensions(certificate)
  const subject = subjectOf(path, certificate.subject, certificate.extensions.subjectAltNames)
  const key = readKey(certificate.spki)
  return {
    path,
    role,
    certificate,
    // A parsed certificate's extensions were read once: there is no fault.
    listed: listed.ok ? listed.value : new Map(),
    subject,
    key,
    profile,
    at,
  }
}

/** Every check of one certificate by itself, whose it is apart. */
export function checkOne(facts: CertificateFacts): readonly Finding[] {
  const { path, role, key, subject, profile } = facts
  return [
    ...checkFields(facts),
    ...checkEncoding(facts),
    ...checkMarks(facts),
    ...checkUsages(facts),
    ...checkPointers(facts),
    ...checkKey(`${path}.key`, key, role === 'leaf' ? profile.keys : authorityKeys),
    ...checkNames(subject, role === 'leaf' ? profile.names : authorityNames),
    ...checkFamiliesOfCertificate(facts),
  ]
}

/** Issuers' keys are nobody's choice who onboards devices: they have to be sound alone. */
const authorityKeys = profiles.device.keys
const authorityNames = {
  ...profiles.device.names,
  forms: ['dns', 'uri', 'ip', 'email', 'directory', 'otherName', 'registeredID'],
} as const
