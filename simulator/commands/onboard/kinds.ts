import type { Bytes } from '#shared/bytes.ts'
import { parseDer, tag } from '#shared/der/reader.ts'
import { equalNames } from '#shared/x509/name.ts'
import { parseCertificate } from '#shared/x509/parse.ts'

/**
 * Whether DER begins as a certification request does: its info starts with the version, 0, and a
 * Name behind it (RFC 2986 4.1), where a certificate has a tagged version or a serial (RFC 5280
 * 4.1). What is broken further in is told by the parser of its kind.
 */
export function looksLikeRequest(der: Bytes): boolean {
  const start = parseDer(der, (reader) => {
    reader.open(tag.sequence, 'CertificationRequest')
    reader.open(tag.sequence, 'CertificationRequestInfo')
    const version = reader.smallInteger('version')
    const isName = version === 0 && reader.nextTag === tag.sequence
    reader.at = der.length
    reader.end = der.length
    return isName
  })
  return start.ok && start.value && !parseCertificate(der).ok
}

/** Whether a certificate says that it is an issuer's; one that cannot be read says nothing. */
export function isAuthority(der: Bytes): boolean {
  const parsed = parseCertificate(der)
  return parsed.ok && parsed.value.extensions.basicConstraints?.ca === true
}

/** Whether a certificate names another as its issuer, and not itself. */
export function isIssuedBy(der: Bytes, issuerDer: Bytes): boolean {
  const [certificate, issuer] = [parseCertificate(der), parseCertificate(issuerDer)]
  if (!certificate.ok || !issuer.ok) return false
  const isSelfIssued = equalNames(certificate.value.issuer, certificate.value.subject)
  return !isSelfIssued && equalNames(certificate.value.issuer, issuer.value.subject)
}
