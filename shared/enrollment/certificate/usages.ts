import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { keyUsageTexts } from '#shared/x509/key-usage-text.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import { unfitUsages } from '../keys/unfit-usages.ts'
import type { CertificateFacts } from './certificate-facts.ts'

const keyUsageOid = '2.5.29.15'
const basicConstraintsOid = '2.5.29.19'
const anyPurpose = '2.5.29.37.0'

/** The checks of what a certificate's key may do (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12). */
export function checkUsages(facts: CertificateFacts): readonly Finding[] {
  return [
    ...checkConstraints(facts),
    ...checkKeyUsage(facts),
    ...checkKeyUsageFits(facts),
    ...(facts.role === 'leaf' ? checkPurposes(facts) : checkIssuerPurposes(facts)),
  ]
}

/** RFC 5280 4.2.1.9: a device is no CA; an issuer says that it is one, in a critical extension. */
function checkConstraints({ path, role, certificate, listed }: CertificateFacts): Finding[] {
  const where = `${path}.basicConstraints`
  const { ca: isCa = false, pathLength } = certificate.extensions.basicConstraints ?? {}
  if (role === 'leaf') {
    if (isCa) return [finding('cert.bc', where, 'cA true', 'cA false or none')]
    const found = `cA false and a path length of ${pathLength}`
    return pathLength === undefined ? [] : [finding('cert.bc', where, found, 'no path length')]
  }
  if (!isCa) {
    const found = listed.has(basicConstraintsOid) ? 'cA false' : 'none'
    return [finding('cert.bc', where, found, 'cA true')]
  }
  if (listed.get(basicConstraintsOid)?.critical === true) return []
  return [finding('cert.bcCritical', where, 'not critical', 'critical')]
}

/** RFC 5280 4.2.1.3: a client signs in the handshake (RFC 8446 4.4.2.2); issuers sign certificates. */
function checkKeyUsage({ path, role, certificate, listed }: CertificateFacts): Finding[] {
  const where = `${path}.keyUsage`
  const { keyUsage } = certificate.extensions
  if (keyUsage === undefined) {
    const wanted = role === 'leaf' ? 'digitalSignature' : 'keyCertSign'
    return [finding('cert.kuAbsent', where, 'none', wanted)]
  }
  const found = keyUsageTexts(keyUsage).join(', ')
  const findings: Finding[] = []
  if (role === 'leaf' && !allowsKeyUsage(certificate, 'digitalSignature')) {
    findings.push(finding('cert.ku', where, found, 'digitalSignature'))
  }
  const signs = (['keyCertSign', 'cRLSign'] as const).filter((use) =>
    allowsKeyUsage(certificate, use),
  )
  if (role === 'leaf' && signs.length > 0) {
    findings.push(finding('cert.ku', where, found, `no ${signs.join(', no ')}`))
  }
  if (role === 'authority' && !allowsKeyUsage(certificate, 'keyCertSign')) {
    findings.push(finding('cert.ku', where, found, 'keyCertSign'))
  }
  if (listed.get(keyUsageOid)?.critical !== true) {
    findings.push(finding('cert.kuCritical', where, 'not critical', 'critical'))
  }
  return findings
}

/** RFC 5480 3, RFC 8410 5. */
function checkKeyUsageFits({ path, certificate, key }: CertificateFacts): Finding[] {
  const { keyUsage } = certificate.extensions
  const odd = keyUsage === undefined ? [] : unfitUsages(keyUsage, key)
  if (odd.length === 0) return []
  const wanted = `uses of a ${key.known?.kind.name} key`
  return [finding('cert.kuFits', `${path}.keyUsage`, odd.join(', '), wanted)]
}

/** RFC 5280 4.2.1.12: what the profile requires, and nothing that it does not grant. */
function checkPurposes({ path, certificate, profile: { purposes } }: CertificateFacts): Finding[] {
  const where = `${path}.extKeyUsage`
  const has = certificate.extensions.extendedKeyUsage
  if (has === undefined) {
    return [finding('cert.ekuAbsent', where, 'none', purposes.required.join(', '))]
  }
  const missing = purposes.required.filter((oid) => !has.includes(oid))
  const other = has.filter((oid) => !purposes.allowed.includes(oid))
  const found = has.join(', ')
  return [
    ...(missing.length > 0 ? [finding('cert.eku', where, found, missing.join(', '))] : []),
    ...(other.length > 0
      ? [finding('cert.eku', where, found, `none but ${purposes.allowed.join(', ')}`)]
      : []),
  ]
}

/** An issuer's purposes constrain what it issues, as every TLS stack in use applies them. */
function checkIssuerPurposes({ path, certificate, profile }: CertificateFacts): Finding[] {
  const has = certificate.extensions.extendedKeyUsage
  if (has === undefined || has.includes(anyPurpose)) return []
  const missing = profile.purposes.required.filter((oid) => !has.includes(oid))
  if (missing.length === 0) return []
  return [finding('cert.eku', `${path}.extKeyUsage`, has.join(', '), missing.join(', '))]
}
