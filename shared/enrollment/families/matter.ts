import { signatureAlgorithmOf } from '#shared/x509/algorithms.ts'
import { finding } from '../catalogue.ts'
import type { CertificateFacts } from '../certificate/certificate-facts.ts'
import type { Finding } from '../finding.ts'
import { commonName, textsOf, type Subject } from '../subject.ts'

/** Matter Core 6.2.2: attributes of the distinguished name, under the Connectivity Standards Alliance's arc. */
const vendorOid = '1.3.6.1.4.1.37244.2.1'
const productOid = '1.3.6.1.4.1.37244.2.2'

/** Vendor and product of a subject, as texts; undefined where there is none. */
interface MatterIds {
  readonly vendor: string | undefined
  readonly product: string | undefined
}

/**
 * Matter Core 6.2.2: the identifiers stand in attributes of their own, or (6.2.2.2) inside of the
 * common name as `Mvid:FFF1` and `Mpid:8000`; not in both.
 */
function matterIdsOf(subject: Subject): MatterIds {
  return { vendor: idOf(subject, vendorOid, 'Mvid:'), product: idOf(subject, productOid, 'Mpid:') }
}

function idOf(subject: Subject, oid: string, mark: string): string | undefined {
  const [own] = textsOf(subject, oid)
  if (own !== undefined) return own
  const [name = ''] = textsOf(subject, commonName)
  const at = name.indexOf(mark)
  return at === -1 ? undefined : name.slice(at + mark.length, at + mark.length + 4)
}

/**
 * Matter Core 6.2.2: four upper-case hexadecimal digits each.
 *
 * @param least what must be there: a device's certificate has both, an intermediate its vendor
 */
export function checkMatterIds(subject: Subject, least: 'vendor' | 'product'): readonly Finding[] {
  const { vendor, product } = matterIdsOf(subject)
  return [
    ...checkId(`${subject.path}.subject.VID`, vendor, 'required'),
    ...checkId(`${subject.path}.subject.PID`, product, least === 'product' ? 'required' : 'free'),
  ]
}

function checkId(
  path: string,
  id: string | undefined,
  presence: 'required' | 'free',
): readonly Finding[] {
  if (id === undefined && presence === 'free') return []
  if (id !== undefined && /^[0-9A-F]{4}$/.test(id)) return []
  return [finding('matter.ids', path, id ?? 'none', 'four upper-case hexadecimal digits')]
}

/** Matter Core 6.2.2.3: a device's certificate names its issuer's vendor, and its product where the issuer has one. */
export function checkMatterConsistency(subject: Subject, issuer: Subject): readonly Finding[] {
  const [own, above] = [matterIdsOf(subject), matterIdsOf(issuer)]
  const findings: Finding[] = []
  if (above.vendor !== undefined && own.vendor !== above.vendor) {
    findings.push(different(`${subject.path}.subject.VID`, own.vendor, above.vendor))
  }
  if (above.product !== undefined && own.product !== above.product) {
    findings.push(different(`${subject.path}.subject.PID`, own.product, above.product))
  }
  return findings
}

function different(path: string, found: string | undefined, wanted: string): Finding {
  return finding('matter.consistent', path, found ?? 'none', wanted)
}

/** The extensions of a device attestation certificate (Matter Core 6.2.2.3), and whether each is critical. */
const marks = [
  { oid: '2.5.29.19', name: 'basicConstraints', critical: true },
  { oid: '2.5.29.15', name: 'keyUsage', critical: true },
  { oid: '2.5.29.35', name: 'authorityKeyIdentifier', critical: false },
  { oid: '2.5.29.14', name: 'subjectKeyIdentifier', critical: false },
] as const

/**
 * Matter Core 6.2.2.3 to 6.2.2.5: a device and its intermediate name their vendor; the authority
 * above may serve many, and is at the chain’s third place.
 */
export function checkMatterCertificate(facts: CertificateFacts): readonly Finding[] {
  const { path, role, subject } = facts
  if (role === 'leaf') return [...checkMatterIds(subject, 'product'), ...checkForm(facts)]
  return path === 'chain[1]' ? [...checkMatterIds(subject, 'vendor'), ...checkForm(facts)] : []
}

function checkForm({ path, certificate, listed }: CertificateFacts): readonly Finding[] {
  const algorithm = signatureAlgorithmOf(certificate.signatureAlgorithm)
  const isRight = algorithm?.family === 'ec' && algorithm.hash === 'SHA-256'
  const odd = marks.filter(({ oid, critical }) => listed.get(oid)?.critical !== critical)
  return [
    ...(isRight
      ? []
      : [finding('matter.form', `${path}.signatureAlgorithm`, 'another', 'ecdsa-with-SHA256')]),
    ...odd.map(({ oid, name, critical }) =>
      finding(
        'matter.form',
        `${path}.${name}`,
        listed.has(oid) ? `critical ${!critical}` : 'none',
        `critical ${critical}`,
      ),
    ),
  ]
}
