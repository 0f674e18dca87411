import { parseSpiffeId } from '#shared/authorization/spiffe-id.ts'
import { allowsKeyUsage } from '#shared/path/checks/key-usage.ts'
import { keyUsageTexts } from '#shared/x509/key-usage-text.ts'
import { finding } from '../catalogue.ts'
import type { CertificateFacts } from '../certificate/certificate-facts.ts'
import type { Finding } from '../finding.ts'
import { clientAuth, serverAuth, type NamesRule } from '../profile.ts'
import type { Subject } from '../subject.ts'

/** What SPIFFE asks of the names of a workload's request. */
export function checkSvidRequest(subject: Subject, rule: NamesRule): readonly Finding[] {
  return checkSpiffeId(subject, 'workload', rule.trustDomain)
}

/**
 * SPIFFE X509-SVID 2, SPIFFE-ID 2: exactly one URI, which is a SPIFFE ID: of a workload with a path,
 * of a signing certificate without one.
 *
 * @param trustDomain the one that is wanted; undefined: any
 */
export function checkSpiffeId(
  subject: Subject,
  role: 'workload' | 'authority',
  trustDomain: string | undefined,
): readonly Finding[] {
  const path = `${subject.path}.subjectAltName.uri`
  const uris = subject.altNames?.uris ?? []
  const [uri, ...more] = uris
  // SPIFFE X509-SVID 2: a signing certificate SHOULD have an ID of its own; many have none.
  if (uri === undefined && role === 'authority') return []
  if (uri === undefined || more.length > 0) {
    return [finding('svid.uri', path, `${uris.length} of them`, 'exactly one')]
  }
  const id = parseSpiffeId(uri)
  if (!id.ok) return [finding('svid.id', path, uri, id.error.expected)]
  return [
    ...checkPath(path, uri, id.value.segments.length, role),
    ...checkTrustDomain(path, id.value.trustDomain, trustDomain),
  ]
}

/** SPIFFE X509-SVID 2 and 4.1: paths name workloads, and nothing that signs. */
function checkPath(
  path: string,
  uri: string,
  segments: number,
  role: 'workload' | 'authority',
): readonly Finding[] {
  if (role === 'workload' && segments === 0) return [finding('svid.path', path, uri, 'a path')]
  if (role === 'authority' && segments > 0) return [finding('svid.path', path, uri, 'no path')]
  return []
}

function checkTrustDomain(
  path: string,
  found: string,
  wanted: string | undefined,
): readonly Finding[] {
  if (wanted === undefined || found === wanted) return []
  return [finding('svid.trustDomain', path, found, wanted)]
}

/** What SPIFFE asks of one certificate of a chain. */
export function checkSvidCertificate(facts: CertificateFacts): readonly Finding[] {
  const { role, subject, profile } = facts
  const id = checkSpiffeId(
    subject,
    role === 'leaf' ? 'workload' : 'authority',
    profile.names.trustDomain,
  )
  const usage = checkKeyUsage(facts)
  return role === 'leaf' ? [...id, ...usage, ...checkPurposes(facts)] : [...id, ...usage]
}

const keyUsageOid = '2.5.29.15'

/** SPIFFE X509-SVID 4.3: what each signs, and what a workload never does. */
const usages = {
  leaf: { with: 'digitalSignature', without: ['keyCertSign', 'cRLSign'] },
  authority: { with: 'keyCertSign', without: [] },
} as const

/** SPIFFE X509-SVID 4.3: there, critical, with what its role signs. */
function checkKeyUsage({ path, role, certificate, listed }: CertificateFacts): readonly Finding[] {
  const where = `${path}.keyUsage`
  const { keyUsage } = certificate.extensions
  if (keyUsage === undefined) return [finding('svid.keyUsage', where, 'none', usages[role].with)]
  const found = keyUsageTexts(keyUsage).join(', ')
  if (!allowsKeyUsage(certificate, usages[role].with)) {
    return [finding('svid.keyUsage', where, found, usages[role].with)]
  }
  const odd = usages[role].without.filter((usage) => allowsKeyUsage(certificate, usage))
  if (odd.length > 0) return [finding('svid.keyUsage', where, found, `no ${odd.join(', no ')}`)]
  if (listed.get(keyUsageOid)?.critical === true) return []
  return [finding('svid.keyUsage', where, 'not critical', 'critical')]
}

/** SPIFFE X509-SVID 4.4: workloads are clients and servers. */
function checkPurposes({ path, certificate }: CertificateFacts): readonly Finding[] {
  const has = certificate.extensions.extendedKeyUsage
  if (has === undefined || (has.includes(clientAuth) && has.includes(serverAuth))) return []
  const wanted = 'clientAuth and serverAuth'
  return [finding('svid.purpose', `${path}.extKeyUsage`, has.join(', '), wanted)]
}

/** SPIFFE-ID 2.1: no authority of one trust domain vouches for another. */
export function checkSvidChain([leaf, ...authorities]: readonly Subject[]): readonly Finding[] {
  const wanted = leaf === undefined ? undefined : trustDomainOf(leaf)
  if (wanted === undefined) return []
  return authorities.flatMap((authority) => {
    const found = trustDomainOf(authority)
    return found === undefined
      ? []
      : checkTrustDomain(`${authority.path}.subjectAltName.uri`, found, wanted)
  })
}

/** The trust domain of a subject's SPIFFE ID; undefined without one. */
function trustDomainOf({ altNames }: Subject): string | undefined {
  const [uri = ''] = altNames?.uris ?? []
  const id = parseSpiffeId(uri)
  return id.ok ? id.value.trustDomain : undefined
}
