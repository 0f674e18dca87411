import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { finding } from '../catalogue.ts'
import type { Finding } from '../finding.ts'
import type { CertificateFacts } from './certificate-facts.ts'

/** How parts of a certificate are written, which the parser reads over: every verifier in use does. */
interface Spelling {
  /** Tags of notBefore and notAfter. */
  readonly times: readonly [number, number]
  readonly hasUniqueId: boolean
}

/** The checks of how a certificate is written where a relying party understands it either way. */
export function checkEncoding(facts: CertificateFacts): readonly Finding[] {
  const spelling = spellingOf(facts.certificate)
  return [
    ...(spelling === undefined ? [] : checkTimes(facts, spelling)),
    ...(spelling?.hasUniqueId === true ? [uniqueId(facts)] : []),
    ...checkDefault(facts),
    ...checkNamedBits(facts),
  ]
}

/** Undefined only where the certificate has not come from the parser. */
function spellingOf({ tbs }: Pick<Certificate, 'tbs'>): Spelling | undefined {
  const read = parseDer(tbs, readSpelling)
  return read.ok ? read.value : undefined
}

function readSpelling(reader: DerReader): Spelling {
  const outer = reader.open(tag.sequence, 'TBSCertificate')
  if (reader.nextTag === tag.contextConstructed(0)) reader.skip('version')
  for (const field of ['serialNumber', 'signature', 'issuer']) reader.skip(field)
  const inner = reader.open(tag.sequence, 'validity')
  const notBefore = reader.nextTag
  reader.skip('notBefore')
  const notAfter = reader.nextTag
  reader.skip('notAfter')
  reader.close(inner)
  for (const field of ['subject', 'subjectPublicKeyInfo']) reader.skip(field)
  const hasUniqueId = reader.nextTag === tag.context(1) || reader.nextTag === tag.context(2)
  while (!reader.done) reader.skip('a field')
  reader.close(outer)
  return { times: [notBefore, notAfter], hasUniqueId }
}

/** RFC 5280 4.1.2.5: until the end of 2049 dates MUST be UTCTime. */
const generalizedFrom = Date.UTC(2050, 0, 1)

function checkTimes(
  { path, certificate: { validity } }: CertificateFacts,
  { times }: Spelling,
): readonly Finding[] {
  const fields = ['notBefore', 'notAfter'] as const
  return fields.flatMap((field, at) => {
    if (times[at] !== tag.generalizedTime || validity[field] >= generalizedFrom) return []
    const where = `${path}.validity.${field}`
    return [finding('cert.time', where, 'GeneralizedTime before 2050', 'UTCTime')]
  })
}

/** RFC 5280 4.1.2.8: a CA MUST NOT give them. */
const uniqueId = ({ path }: CertificateFacts): Finding =>
  finding('cert.uniqueId', `${path}.uniqueIdentifier`, 'there', 'none')

const basicConstraints = '2.5.29.19'
const keyUsage = '2.5.29.15'

/** X.690 11.5: a default is not written. The SEQUENCE begins with BOOLEAN, one octet, FALSE. */
function checkDefault({ path, listed }: CertificateFacts): readonly Finding[] {
  const value = listed.get(basicConstraints)?.value
  if (value?.[2] !== tag.boolean || value[4] !== 0) return []
  return [finding('cert.default', `${path}.basicConstraints`, 'cA FALSE written out', 'left out')]
}

/**
 * X.690 11.2.2: named bits end with one that is set. The parser has read the BIT STRING, whose
 * length is one octet: bits that do not count, then the others.
 */
function checkNamedBits({ path, listed }: CertificateFacts): readonly Finding[] {
  const [, , unused = 0, ...bits] = listed.get(keyUsage)?.value ?? []
  const last = bits.at(-1)
  if (last === undefined || ((last >> unused) & 1) === 1) return []
  const found = `${bits.length * 8 - unused} bits, the last of them 0`
  return [finding('cert.kuDer', `${path}.keyUsage`, found, 'a last bit that is set')]
}
