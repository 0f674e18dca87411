import { finding } from '../catalogue.ts'
import type { CertificateFacts } from '../certificate/certificate-facts.ts'
import type { Finding } from '../finding.ts'
import { commonName, textsOf, type Subject } from '../subject.ts'
import { checkMatterForm } from './matter-form.ts'
import { placeOf, type MatterPlace } from './matter-place.ts'

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

/** What each place must bear (Matter Core 6.2.2.3 to 6.2.2.5): of a device both, of an authority its vendor at most. */
const presences = {
  device: { vendor: 'required', product: 'required' },
  intermediate: { vendor: 'required', product: 'free' },
  authority: { vendor: 'free', product: 'none' },
} as const satisfies Record<MatterPlace, { vendor: Presence; product: Presence }>

type Presence = 'required' | 'free' | 'none'

/** Matter Core 6.2.2: four upper-case hexadecimal digits each, each once. */
export function checkMatterIds(subject: Subject, place: MatterPlace): readonly Finding[] {
  const { vendor, product } = matterIdsOf(subject)
  const presence = presences[place]
  return [
    ...checkId(`${subject.path}.subject.VID`, vendor, presence.vendor),
    ...checkId(`${subject.path}.subject.PID`, product, presence.product),
    ...[vendorOid, productOid].flatMap((oid) => checkOnce(subject, oid)),
  ]
}

function checkId(path: string, id: string | undefined, presence: Presence): readonly Finding[] {
  if (id === undefined && presence !== 'required') return []
  if (id !== undefined && presence === 'none') return [finding('matter.ids', path, id, 'none')]
  if (id !== undefined && /^[0-9A-F]{4}$/.test(id)) return []
  return [finding('matter.ids', path, id ?? 'none', 'four upper-case hexadecimal digits')]
}

function checkOnce(subject: Subject, oid: string): readonly Finding[] {
  const count = textsOf(subject, oid).length
  if (count < 2) return []
  return [finding('matter.ids', `${subject.path}.subject.${oid}`, `${count} of them`, 'one')]
}

/** Matter Core 6.2.2.3 and 6.2.2.4: each names its issuer’s vendor, and its product where the issuer has one. */
export function checkMatterChain(subjects: readonly Subject[]): readonly Finding[] {
  return subjects.flatMap((subject, at) => {
    const issuer = subjects[at + 1]
    return issuer === undefined ? [] : checkConsistency(subject, issuer)
  })
}

function checkConsistency(subject: Subject, issuer: Subject): readonly Finding[] {
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

/** What Matter asks of one certificate of a chain, by its place in it. */
export function checkMatterCertificate(facts: CertificateFacts): readonly Finding[] {
  const place = placeOf(facts)
  return [...checkMatterIds(facts.subject, place), ...checkMatterForm(facts, place)]
}
