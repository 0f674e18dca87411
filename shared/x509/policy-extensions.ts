import { readOid } from '#shared/der/oid.ts'
import { tag, type DerReader } from '#shared/der/reader.ts'

/** RFC 5280 4.2.1.4: stands for every policy. */
export const anyPolicy = '2.5.29.32.0'

/**
 * Policies and mappings in one certificate. A path's policy graph grows with both, so they bound it:
 * the largest bridge CAs of the field map some tens of policies; this is several times as many.
 */
const policiesMax = 256
const mappingsMax = 256

/** The qualifiers that RFC 5280 4.2.1.4 defines, for people to read: id-qt-cps and id-qt-unotice. */
const knownQualifiers: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2'])

/** What a CA says that one of its policies is called in the domain of the CA below it. */
export interface PolicyMapping {
  readonly issuerDomain: string
  readonly subjectDomain: string
}

/** How many certificates further down the rule begins to hold; undefined where it does not. */
export interface PolicyConstraints {
  readonly requireExplicit: number | undefined
  readonly inhibitMapping: number | undefined
}

/** RFC 5280 4.2.1.4: the policies, none named twice; and the qualifiers no verifier can know. */
export function readCertificatePolicies(reader: DerReader): {
  readonly policies: readonly string[]
  readonly unknownQualifiers: readonly string[]
} {
  const outer = reader.open(tag.sequence, 'certificatePolicies')
  if (reader.done) reader.fail('at least one PolicyInformation')
  const policies = new Set<string>()
  const unknownQualifiers: string[] = []
  while (!reader.done) readPolicyInformation(reader, policies, unknownQualifiers)
  reader.close(outer)
  return { policies: [...policies], unknownQualifiers }
}

function readPolicyInformation(reader: DerReader, policies: Set<string>, unknown: string[]): void {
  const start = reader.at
  const outer = reader.open(tag.sequence, 'PolicyInformation')
  const policy = readOid(reader, 'policyIdentifier')
  if (policies.has(policy)) reader.fail(`policy ${policy} only once`, start)
  if (policies.size === policiesMax) reader.fail(`at most ${policiesMax} policies`, start)
  policies.add(policy)
  if (!reader.done) readQualifiers(reader, unknown)
  reader.close(outer)
}

/** Their text is for people; only their kinds are of interest. */
function readQualifiers(reader: DerReader, unknown: string[]): void {
  const outer = reader.open(tag.sequence, 'policyQualifiers')
  if (reader.done) reader.fail('at least one PolicyQualifierInfo')
  while (!reader.done) {
    const inner = reader.open(tag.sequence, 'PolicyQualifierInfo')
    const qualifier = readOid(reader, 'policyQualifierId')
    if (!knownQualifiers.has(qualifier)) unknown.push(qualifier)
    reader.skip('qualifier')
    reader.close(inner)
  }
  reader.close(outer)
}

/** RFC 5280 4.2.1.5. */
export function readPolicyMappings(reader: DerReader): readonly PolicyMapping[] {
  const outer = reader.open(tag.sequence, 'policyMappings')
  if (reader.done) reader.fail('at least one mapping')
  const mappings: PolicyMapping[] = []
  while (!reader.done) {
    if (mappings.length === mappingsMax) reader.fail(`at most ${mappingsMax} mappings`)
    const inner = reader.open(tag.sequence, 'mapping')
    const issuerDomain = readOid(reader, 'issuerDomainPolicy')
    const subjectDomain = readOid(reader, 'subjectDomainPolicy')
    reader.close(inner)
    mappings.push({ issuerDomain, subjectDomain })
  }
  reader.close(outer)
  return mappings
}

/** RFC 5280 4.2.1.11. An empty one is refused: what it would mean nobody says. */
export function readPolicyConstraints(reader: DerReader): PolicyConstraints {
  const outer = reader.open(tag.sequence, 'policyConstraints')
  if (reader.done) reader.fail('requireExplicitPolicy or inhibitPolicyMapping')
  const requireExplicit = readSkipCerts(reader, 0, 'requireExplicitPolicy')
  const inhibitMapping = readSkipCerts(reader, 1, 'inhibitPolicyMapping')
  reader.close(outer)
  return { requireExplicit, inhibitMapping }
}

function readSkipCerts(reader: DerReader, number: number, expected: string): number | undefined {
  const expectedTag = tag.context(number)
  return reader.nextTag === expectedTag ? reader.smallInteger(expected, expectedTag) : undefined
}

/** RFC 5280 4.2.1.14. */
export function readInhibitAnyPolicy(reader: DerReader): number {
  return reader.smallInteger('inhibitAnyPolicy')
}
