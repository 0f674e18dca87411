import { emptyNameOctets } from '#shared/x509/name-syntax.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import { isRoot, type CertificateFacts } from './certificate-facts.ts'

/** The checks of what belongs to a certificate of its role alone, and of how extensions are marked. */
export function checkMarks(facts: CertificateFacts): readonly Finding[] {
  return [
    ...checkNamed(facts),
    ...checkSelfSigned(facts),
    ...checkConstraints(facts),
    ...checkCriticality(facts),
  ]
}

/** RFC 5280 4.1.2.4 and 4.1.2.6: whoever issues has a name, in his own certificate too. */
function checkNamed({ path, role, certificate }: CertificateFacts): readonly Finding[] {
  const [issuer, subject] = [certificate.issuer, certificate.subject]
  const isNameless = role === 'authority' && subject.length === emptyNameOctets
  return [
    ...(issuer.length > emptyNameOctets
      ? []
      : [finding('cert.issuer', `${path}.issuer`, 'an empty name', 'a name')]),
    ...(isNameless ? [finding('cert.issuer', `${path}.subject`, 'an empty name', 'a name')] : []),
  ]
}

/** A device that vouches for itself is known to nobody’s CA. */
function checkSelfSigned(facts: CertificateFacts): readonly Finding[] {
  if (facts.role === 'authority' || !isRoot(facts)) return []
  return [finding('cert.selfSigned', `${facts.path}.issuer`, 'its own subject', 'a CA')]
}

/** RFC 5280 4.2.1.10: name constraints are in CA certificates only. */
function checkConstraints({ path, role, certificate }: CertificateFacts): readonly Finding[] {
  const { nameConstraints } = certificate.extensions
  if (role === 'authority' || nameConstraints === undefined) return []
  return [finding('cert.nameConstraints', `${path}.nameConstraints`, 'a device’s', 'a CA’s')]
}

/** RFC 5280 4.2.1 and 4.2.2: what conforming CAs MUST mark as critical, and what they MUST NOT. */
const marks: readonly (readonly [oid: string, name: string, critical: boolean])[] = [
  ['2.5.29.35', 'authorityKeyIdentifier', false],
  ['2.5.29.14', 'subjectKeyIdentifier', false],
  ['2.5.29.46', 'freshestCRL', false],
  ['1.3.6.1.5.5.7.1.1', 'authorityInfoAccess', false],
  ['1.3.6.1.5.5.7.1.11', 'subjectInfoAccess', false],
  ['2.5.29.30', 'nameConstraints', true],
  ['2.5.29.36', 'policyConstraints', true],
  ['2.5.29.54', 'inhibitAnyPolicy', true],
]

function checkCriticality({ path, listed }: CertificateFacts): readonly Finding[] {
  return marks.flatMap(([oid, name, critical]) => {
    const has = listed.get(oid)
    if (has === undefined || has.critical === critical) return []
    return [finding('cert.criticality', `${path}.${name}`, word(has.critical), word(critical))]
  })
}

const word = (critical: boolean): string => (critical ? 'critical' : 'not critical')
