import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import type { Crl } from '#shared/revocation/crl.ts'
import { readExtensionFrame } from '#shared/x509/extensions.ts'

/** What of a CRL only a profile asks for. */
interface CrlFacts {
  /** Criticality by dotted identifier. */
  readonly extensions: ReadonlyMap<string, boolean>
  readonly hasEmptyList: boolean
}

const crlNumber = '2.5.29.20'
const authorityKeyIdentifier = '2.5.29.35'

/** RFC 5280 5.2.1 to 5.2.6: how a CRL's extensions are marked. */
const critical: Readonly<Record<string, boolean>> = {
  [authorityKeyIdentifier]: false,
  [crlNumber]: false,
  // deltaCRLIndicator, issuingDistributionPoint, freshestCRL.
  '2.5.29.27': true,
  '2.5.29.28': true,
  '2.5.29.46': false,
}

/**
 * Whether a CRL keeps to RFC 5280 section 5 as far as a profile asks: one that does not clears
 * nobody, and yet goes on revoking, since its issuer signed it.
 */
export function keepsCrlProfile(crl: Pick<Crl, 'tbs'>, profile: 'rfc5280' | 'conforming'): boolean {
  const facts = parseDer(crl.tbs, readFacts)
  if (!facts.ok) return false
  return isWellMarked(facts.value) && (profile === 'rfc5280' || isComplete(facts.value))
}

/** RFC 5280 5.1.2.6 and 5.2: no empty list of entries, and extensions marked as their sections say. */
function isWellMarked({ extensions, hasEmptyList }: CrlFacts): boolean {
  if (hasEmptyList) return false
  return [...extensions].every(([oid, is]) => (critical[oid] ?? is) === is)
}

/** RFC 5280 5.2.1 and 5.2.3: conforming issuers give their key identifier and a number. */
function isComplete({ extensions }: CrlFacts): boolean {
  return extensions.has(authorityKeyIdentifier) && extensions.has(crlNumber)
}

/** The optional fields at the end of a TBSCertList: the entries, then the extensions. */
function readFacts(reader: DerReader): CrlFacts {
  const outer = reader.open(tag.sequence, 'tbsCertList')
  for (const field of ['version', 'signature', 'issuer', 'thisUpdate', 'nextUpdate']) {
    reader.skip(field)
  }
  const hasEmptyList = readsEmptyList(reader)
  const extensions = readMarks(reader)
  reader.close(outer)
  return { extensions, hasEmptyList }
}

function readsEmptyList(reader: DerReader): boolean {
  if (reader.nextTag !== tag.sequence) return false
  return reader.content(tag.sequence, 'revokedCertificates').length === 0
}

function readMarks(reader: DerReader): Map<string, boolean> {
  const marks = new Map<string, boolean>()
  const explicit = reader.openOptional(tag.contextConstructed(0), 'crlExtensions')
  if (explicit === -1) return marks
  const outer = reader.open(tag.sequence, 'crlExtensions')
  const seen = new Set<string>()
  while (!reader.done) {
    const frame = readExtensionFrame(reader, seen)
    marks.set(frame.oid, frame.critical)
  }
  reader.close(outer)
  reader.close(explicit)
  return marks
}
