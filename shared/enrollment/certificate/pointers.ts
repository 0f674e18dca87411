import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag } from '#shared/der/reader.ts'
import { formatDuration } from '#shared/duration.ts'
import type { Bytes } from '#shared/bytes.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import { isRoot, type CertificateFacts } from './certificate-facts.ts'
import { checkReference } from './issuer-reference.ts'

const authorityInfoAccess = '1.3.6.1.5.5.7.1.1'
const ocsp = '1.3.6.1.5.5.7.48.1'
const noRevAvail = '2.5.29.56'

/** The checks of what leads from a certificate to others: its issuer, and word of its revocation. */
export function checkPointers(facts: CertificateFacts): readonly Finding[] {
  return [
    ...checkIdentifiers(facts),
    ...checkReference(facts.path, facts.certificate),
    ...checkRevocation(facts),
    ...checkUnknown(facts),
  ]
}

/** RFC 5280 4.2.1.1 and 4.2.1.2: without them a relying party tries every issuer of the name. */
function checkIdentifiers(facts: CertificateFacts): Finding[] {
  const { path, certificate } = facts
  const { authorityKeyIdentifier, subjectKeyIdentifier } = certificate.extensions
  const findings: Finding[] = []
  if (authorityKeyIdentifier === undefined && !isRoot(facts)) {
    findings.push(finding('cert.aki', `${path}.authorityKeyIdentifier`, 'none', 'a key identifier'))
  }
  if (subjectKeyIdentifier === undefined) {
    findings.push(finding('cert.ski', `${path}.subjectKeyIdentifier`, 'none', 'a key identifier'))
  }
  return findings
}

/** RFC 5280 4.2.1.13, 4.2.2.1, RFC 9608: a certificate says where its revocation is to be heard of. */
function checkRevocation(facts: CertificateFacts): Finding[] {
  const { path, role, certificate, listed, profile } = facts
  const hasPlace =
    certificate.extensions.crlDistributionPoints !== undefined ||
    namesOcsp(listed.get(authorityInfoAccess)?.value)
  if (listed.has(noRevAvail)) {
    const where = `${path}.noRevAvail`
    if (role === 'authority') return [finding('cert.noRevAvail', where, 'a CA’s', 'a device’s')]
    if (hasPlace) {
      return [finding('cert.noRevAvail', where, 'a CRL or responder beside it', 'neither')]
    }
    return []
  }
  const lifetimeMs = certificate.validity.notAfter - certificate.validity.notBefore
  if (hasPlace || isRoot(facts) || lifetimeMs <= profile.validity.shortLivedMs) return []
  const short = formatDuration(profile.validity.shortLivedMs)
  const wanted = `a CRL, a responder, or a life of at most ${short}`
  return [finding('cert.revocation', `${path}.crlDistributionPoints`, 'none', wanted)]
}

/** RFC 5280 4.2.2.1: whether an authorityInfoAccess names an OCSP responder. */
function namesOcsp(value: Bytes | undefined): boolean {
  if (value === undefined) return false
  const methods = parseDer(value, (reader) => {
    const found: string[] = []
    const outer = reader.open(tag.sequence, 'AuthorityInfoAccess')
    while (!reader.done) {
      const inner = reader.open(tag.sequence, 'AccessDescription')
      found.push(readOid(reader, 'accessMethod'))
      reader.skip('accessLocation')
      reader.close(inner)
    }
    reader.close(outer)
    return found
  })
  return methods.ok && methods.value.includes(ocsp)
}

/** RFC 5280 4.2: whoever does not know a critical extension refuses its certificate. */
function checkUnknown({ path, certificate }: CertificateFacts): Finding[] {
  return certificate.extensions.criticalUnknown.map((oid) =>
    finding(
      'cert.unknownCritical',
      `${path}.extensions.${oid}`,
      'critical',
      'not critical, or none',
    ),
  )
}
